// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The swarmctl authors
//
// Preloaded into a Swift program under valgrind, which does two things that libdispatch and Foundation do not expect.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>

// valgrind writes into the mask that it is given; libdispatch's is in read-only memory.
int sigsuspend(const sigset_t *mask) {
    int (*next)(const sigset_t *) = (int (*)(const sigset_t *))dlsym(RTLD_NEXT, "sigsuspend");
    sigset_t copy = *mask;
    return next(&copy);
}

// valgrind's own descriptors lie above the limit that it reports; Foundation finds them in /proc and fails to close them.
int posix_spawn_file_actions_addclose(posix_spawn_file_actions_t *actions, int descriptor) {
    int (*next)(posix_spawn_file_actions_t *, int) =
        (int (*)(posix_spawn_file_actions_t *, int))dlsym(RTLD_NEXT, "posix_spawn_file_actions_addclose");
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && (rlim_t)descriptor >= limit.rlim_cur) return 0;
    return next(actions, descriptor);
}
