// The provider files, embedded at build time.
#pragma once
#include <stddef.h>
