#ifndef SWARMCTL_CLIBCURL_SHIM_H
#define SWARMCTL_CLIBCURL_SHIM_H

#include <curl/curl.h>

#endif
