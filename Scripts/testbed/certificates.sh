#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
#
# Makes an authority and certificates of it, valid for a day.
#
# Usage: certificates.sh FOLDER             write ca.pem, cert.pem and key.pem there, for servers on 127.0.0.1 and for
#                                           clients with the role admin; with the same authority when FOLDER has one
#        certificates.sh FOLDER USER UNIT   write USER.pem and USER-key.pem there, for a client with that organizational
#                                           unit; none when UNIT is empty, and a node's certificate when it is "node"
set -euo pipefail
folder=${1:?a folder}
user=${2:-}
unit=${3:-}
mkdir -p "$folder"
cd "$folder"

if [[ ! -s ca-key.pem ]]; then
    openssl req -x509 -newkey rsa:2048 -nodes -keyout ca-key.pem -out ca.pem -days 1 -subj /CN=testbed-authority \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign 2>/dev/null
fi
if [[ -n $user ]]; then
    names=
    [[ $unit != node ]] || names="subjectAltName = DNS:$user"
    subject=/CN=$user
    [[ -z $unit || $unit == node ]] || subject+=/OU=$unit
    openssl req -newkey rsa:2048 -nodes -keyout "$user-key.pem" -out "$user.csr" -subj "$subject" 2>/dev/null
    openssl x509 -req -in "$user.csr" -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 1 -out "$user.pem" 2>/dev/null \
        -extfile - <<END
extendedKeyUsage = clientAuth
keyUsage = digitalSignature
$names
END
    rm -f "$user.csr"
    exit
fi
openssl req -newkey rsa:2048 -nodes -keyout new-key.pem -out new.csr -subj /OU=admin/CN=testbed 2>/dev/null
openssl x509 -req -in new.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 1 -out new.pem 2>/dev/null -extfile - <<END
subjectAltName = IP:127.0.0.1, DNS:localhost
extendedKeyUsage = serverAuth, clientAuth
keyUsage = digitalSignature, keyEncipherment
END
# Readers see the old pair or the new one, but for a moment that they must live with.
mv new-key.pem key.pem
mv new.pem cert.pem
rm -f new.csr
