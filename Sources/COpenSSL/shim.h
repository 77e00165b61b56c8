#ifndef SWARMCTL_COPENSSL_SHIM_H
#define SWARMCTL_COPENSSL_SHIM_H

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

// What Swift cannot import: macros, variadic functions, and stacks with types made by macros.

static const unsigned long swarmctl_XN_FLAG_RFC2253_UTF8 = XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB;

static inline EVP_PKEY *swarmctl_generate_ec(const char *curve) {
    return EVP_PKEY_Q_keygen(NULL, NULL, "EC", curve);
}

static inline EVP_PKEY *swarmctl_generate_rsa(size_t bits) {
    return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", bits);
}

static inline EVP_PKEY *swarmctl_generate_ed25519(void) {
    return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
}

static inline long swarmctl_BIO_get_mem_data(BIO *bio, char **start) {
    return BIO_get_mem_data(bio, start);
}

struct swarmctl_passphrase {
    const void *bytes;
    int count;
};

// Without a callback OpenSSL would ask on the terminal.
static inline int swarmctl_give_passphrase(char *buffer, int size, int writing, void *context) {
    const struct swarmctl_passphrase *given = (const struct swarmctl_passphrase *)context;
    (void)writing;
    if (given->bytes == NULL || given->count > size) {
        return -1;
    }
    memcpy(buffer, given->bytes, (size_t)given->count);
    return given->count;
}

static inline EVP_PKEY *swarmctl_read_private_key(BIO *bio, const void *passphrase, int count) {
    struct swarmctl_passphrase given = {passphrase, count};
    return PEM_read_bio_PrivateKey(bio, NULL, swarmctl_give_passphrase, &given);
}

static inline int swarmctl_general_name_count(const GENERAL_NAMES *names) {
    return sk_GENERAL_NAME_num(names);
}

// Returns GEN_DNS or GEN_IPADD with the bytes of the name, which stay owned by `names`; else -1.
static inline int swarmctl_general_name(const GENERAL_NAMES *names, int index,
                                        const unsigned char **bytes, int *count) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
    const ASN1_STRING *text = NULL;
    if (name == NULL) {
        return -1;
    }
    if (name->type == GEN_DNS) {
        text = name->d.dNSName;
    } else if (name->type == GEN_IPADD) {
        text = name->d.iPAddress;
    } else {
        return -1;
    }
    *bytes = ASN1_STRING_get0_data(text);
    *count = ASN1_STRING_length(text);
    return name->type;
}

static inline int swarmctl_add_extension(X509 *certificate, X509 *issuer, int nid, const char *value) {
    X509V3_CTX context;
    X509_EXTENSION *extension;
    int added;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509V3_set_ctx_nodb(&context);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    if (extension == NULL) {
        return 0;
    }
    added = X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return added;
}

// Returns X509_V_OK when `authority` alone vouches for `leaf` at `time`, else the error's number.
static inline int swarmctl_verify(X509 *leaf, X509 *authority, long time) {
    int result = X509_V_ERR_OUT_OF_MEM;
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    if (store != NULL && context != NULL && X509_STORE_add_cert(store, authority) == 1 &&
        X509_STORE_CTX_init(context, store, leaf, NULL) == 1) {
        X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(context);
        X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT);
        X509_VERIFY_PARAM_set_time(parameters, (time_t)time);
        result = X509_verify_cert(context) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(context);
        if (result == X509_V_OK && X509_STORE_CTX_get_error(context) != X509_V_OK) {
            result = X509_STORE_CTX_get_error(context);
        }
    }
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return result;
}

#endif
