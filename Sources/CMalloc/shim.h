#ifndef SWARMCTL_CMALLOC_SHIM_H
#define SWARMCTL_CMALLOC_SHIM_H

// Defines __GLIBC__ where there is one.
#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

/* Gives pages without anything in use back to the system; does nothing where there is no such call. */
static inline void swarmctl_return_free_memory(void) {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

#endif
