#ifndef SWARMCTL_CLIBSSH2_SHIM_H
#define SWARMCTL_CLIBSSH2_SHIM_H

#include <libssh2.h>
#include <libssh2_sftp.h>

#endif
