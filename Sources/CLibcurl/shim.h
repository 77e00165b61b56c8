#ifndef SWARMCTL_CLIBCURL_SHIM_H
#define SWARMCTL_CLIBCURL_SHIM_H

// curl checks argument types with macros that the typed functions below make superfluous.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

// Swift cannot call variadic functions: one typed function for each kind of argument.

typedef size_t (*swarmctl_data_callback)(char *, size_t, size_t, void *);
typedef int (*swarmctl_seek_callback)(void *, curl_off_t, int);

static inline CURLcode swarmctl_easy_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode swarmctl_easy_set_size(CURL *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}

/* curl copies the text; NULL takes the option back. */
static inline CURLcode swarmctl_easy_set_text(CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}

/* curl borrows the list for as long as the handle is in use. */
static inline CURLcode swarmctl_easy_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode swarmctl_easy_set_pointer(CURL *easy, CURLoption option, void *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode swarmctl_easy_set_data_callback(CURL *easy, CURLoption option, swarmctl_data_callback value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode swarmctl_easy_set_seek_callback(CURL *easy, swarmctl_seek_callback value) {
    return curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, value);
}

/* Zero when curl does not know. */
static inline long swarmctl_easy_info_long(CURL *easy, CURLINFO info) {
    long value = 0;
    return curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}

static inline curl_off_t swarmctl_easy_info_size(CURL *easy, CURLINFO info) {
    curl_off_t value = 0;
    return curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}

/* What CURLOPT_PRIVATE was set to. */
static inline void *swarmctl_easy_private(CURL *easy) {
    char *value = NULL;
    return curl_easy_getinfo(easy, CURLINFO_PRIVATE, &value) == CURLE_OK ? value : NULL;
}

/* The next transfer that ended, with its result, or NULL. */
static inline CURL *swarmctl_multi_next_done(CURLM *multi, CURLcode *result) {
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            *result = message->data.result;
            return message->easy_handle;
        }
    }
    return NULL;
}

static const long swarmctl_http_version_2tls = CURL_HTTP_VERSION_2TLS;
static const long swarmctl_sslversion_tls12 = CURL_SSLVERSION_TLSv1_2;
static const size_t swarmctl_writefunc_pause = CURL_WRITEFUNC_PAUSE;
static const size_t swarmctl_readfunc_abort = CURL_READFUNC_ABORT;

#endif
