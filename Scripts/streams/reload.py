# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
"""A certificate that is renewed under a stream: the stream goes on, new connections see the new one."""
import argparse
import os
import subprocess
import sys

from connection import Server
from matrix import Matrix


def serial(server):
    connection = server.connect()
    number = connection.tls.getpeercert()["serialNumber"]
    connection.close()
    return number


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address", help="tls://HOST:PORT")
    parser.add_argument("--certificates", required=True, help="folder with ca.pem, cert.pem and key.pem")
    arguments = parser.parse_args()
    matrix = Matrix(Server(arguments.address, arguments.certificates), 1)
    server = matrix.server
    matrix.box = server.call("POST", "/containers/create", {"Image": "busybox", "Cmd": ["sleep", "86400"]})["Id"]
    server.call("POST", f"/containers/{matrix.box}/start")
    held, _ = matrix.exec_stream(["cat"], True, True)
    matrix.echo(held, 1)
    before = serial(server)
    renew = os.path.join(os.path.dirname(__file__), "..", "testbed", "certificates.sh")
    subprocess.run([renew, arguments.certificates], check=True)
    matrix.row("new connections see the new certificate", lambda: None if serial(server) != before else "it is the old")
    matrix.row("the stream goes on", lambda: matrix.echo(held, 2))
    held.close()
    # Connections to engines are made with the new certificate too.
    matrix.row("a new stream", lambda: matrix.echo(matrix.exec_stream(["cat"], True, True)[0], 3))
    server.call("DELETE", f"/containers/{matrix.box}", query={"force": 1})
    sys.exit(1 if matrix.failed else 0)


if __name__ == "__main__":
    main()
