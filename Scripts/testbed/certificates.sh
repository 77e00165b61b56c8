#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
#
# Makes an authority and one certificate of it for 127.0.0.1, for servers and clients, valid for a day.
#
# Usage: certificates.sh FOLDER     write ca.pem, cert.pem and key.pem there; with the same authority
#                                   when FOLDER has one already
set -euo pipefail
folder=${1:?a folder}
mkdir -p "$folder"
cd "$folder"

if [[ ! -s ca-key.pem ]]; then
    openssl req -x509 -newkey rsa:2048 -nodes -keyout ca-key.pem -out ca.pem -days 1 -subj /CN=testbed-authority \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign 2>/dev/null
fi
openssl req -newkey rsa:2048 -nodes -keyout new-key.pem -out new.csr -subj /CN=testbed 2>/dev/null
openssl x509 -req -in new.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 1 -out new.pem 2>/dev/null -extfile - <<END
subjectAltName = IP:127.0.0.1, DNS:localhost
extendedKeyUsage = serverAuth, clientAuth
keyUsage = digitalSignature, keyEncipherment
END
# Readers see the old pair or the new one, but for a moment that they must live with.
mv new-key.pem key.pem
mv new.pem cert.pem
rm -f new.csr
