#ifndef SWARMCTL_CLIBSSH2_SHIM_H
#define SWARMCTL_CLIBSSH2_SHIM_H

#include <libssh2.h>
#include <libssh2_sftp.h>

typedef ssize_t (*swarmctl_receive)(libssh2_socket_t, void *, size_t, int, void **);
typedef ssize_t (*swarmctl_send)(libssh2_socket_t, const void *, size_t, int, void **);

// Replaces how a session reads and writes its socket; the library takes untyped pointers.
static inline void swarmctl_set_transport(LIBSSH2_SESSION *session, swarmctl_receive receive,
                                          swarmctl_send send) {
    libssh2_session_callback_set(session, LIBSSH2_CALLBACK_RECV, (void *)receive);
    libssh2_session_callback_set(session, LIBSSH2_CALLBACK_SEND, (void *)send);
}

#endif
