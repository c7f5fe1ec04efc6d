// The provider files of Providers/, embedded at build time.
#pragma once
#include <stddef.h>

/// One embedded file.
struct apus_asset {
  /// Its name without the folder: "openai.yaml"; NULL for no file.
  const char *name;
  const unsigned char *bytes;
  size_t length;
};

/// The provider file at a position, in the order in which a bare model name looks for its provider; no file behind the last one.
struct apus_asset apus_provider_file(size_t position);
