// OpenSSL, and functions for those of its calls that are macros (Swift imports no macro with arguments).
#pragma once
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

static inline void ossl_set_modes(SSL_CTX *context) {
  // Buffers are given back between records: an idle connection costs no 32 KiB.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}
static inline long ossl_require_tls12(SSL_CTX *context) { return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION); }
static inline long ossl_cache_client_sessions(SSL_CTX *context) {
  return SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
}
static inline long ossl_set_server_name(SSL *ssl, const char *name) { return SSL_set_tlsext_host_name(ssl, (char *)name); }
static inline int ossl_chain(SSL_CTX *context, const char *file) { return SSL_CTX_use_certificate_chain_file(context, file); }
static inline int ossl_key(SSL_CTX *context, const char *file) { return SSL_CTX_use_PrivateKey_file(context, file, SSL_FILETYPE_PEM); }
