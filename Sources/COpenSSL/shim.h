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

// The functions for lists of revoked certificates return 1, or 0 with a reason in OpenSSL's queue.

static inline int swarmctl_crl_begin(X509_CRL *list, X509 *issuer, long now, long next) {
    ASN1_TIME *begin = ASN1_TIME_set(NULL, (time_t)now);
    ASN1_TIME *end = ASN1_TIME_set(NULL, (time_t)next);
    // Version 2 is written as 1.
    int done = begin != NULL && end != NULL && X509_CRL_set_version(list, 1) == 1 &&
               X509_CRL_set_issuer_name(list, X509_get_subject_name(issuer)) == 1 &&
               X509_CRL_set1_lastUpdate(list, begin) == 1 && X509_CRL_set1_nextUpdate(list, end) == 1;
    ASN1_TIME_free(begin);
    ASN1_TIME_free(end);
    return done;
}

static inline int swarmctl_crl_add(X509_CRL *list, const char *serial, long time_revoked) {
    BIGNUM *number = NULL;
    ASN1_INTEGER *integer = NULL;
    ASN1_TIME *date = ASN1_TIME_set(NULL, (time_t)time_revoked);
    X509_REVOKED *entry = X509_REVOKED_new();
    int done = date != NULL && entry != NULL && BN_hex2bn(&number, serial) > 0 &&
               (integer = BN_to_ASN1_INTEGER(number, NULL)) != NULL &&
               X509_REVOKED_set_serialNumber(entry, integer) == 1 &&
               X509_REVOKED_set_revocationDate(entry, date) == 1 && X509_CRL_add0_revoked(list, entry) == 1;
    if (!done) {
        X509_REVOKED_free(entry);
    }
    BN_free(number);
    ASN1_INTEGER_free(integer);
    ASN1_TIME_free(date);
    return done;
}

static inline int swarmctl_crl_sign(X509_CRL *list, X509 *issuer, long number, EVP_PKEY *key) {
    X509V3_CTX context;
    ASN1_INTEGER *integer = ASN1_INTEGER_new();
    X509_EXTENSION *identifier;
    int done;
    X509V3_set_ctx(&context, issuer, NULL, NULL, list, 0);
    X509V3_set_ctx_nodb(&context);
    identifier = X509V3_EXT_conf_nid(NULL, &context, NID_authority_key_identifier, "keyid:always");
    done = integer != NULL && identifier != NULL && ASN1_INTEGER_set_int64(integer, number) == 1 &&
           X509_CRL_add1_ext_i2d(list, NID_crl_number, integer, 0, 0) == 1 &&
           X509_CRL_add_ext(list, identifier, -1) == 1 && X509_CRL_sort(list) == 1 &&
           X509_CRL_sign(list, key, EVP_sha256()) > 0;
    X509_EXTENSION_free(identifier);
    ASN1_INTEGER_free(integer);
    return done;
}

#endif
