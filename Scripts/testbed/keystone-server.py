# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
"""Keystone, as it is, with a user, a project and a catalog for tests; see keystone.sh.

The line that is printed has the address, the ids, and an application credential: {"url": …, "project": …,
"user": …, "credential": …, "secret": …}. The catalog has the services compute, network and image at
https://cloud.example, in the region "one"."""
import json
import os
import socketserver
import subprocess
import sys
import threading
import urllib.request
import wsgiref.simple_server

FOLDER = sys.argv[1]
PASSWORD = "admin password of the lab"
USER_PASSWORD = os.environ.get("LAB_PASSWORD", "tok-7f3b9c1d5e8a4260")


class Server(socketserver.ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    daemon_threads = True


class Quiet(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *_):
        pass


def manage(*words):
    program = "from keystone.cmd.manage import main; main()"
    command = [sys.executable, "-c", program, "--config-file", FOLDER + "/keystone.conf", *words]
    subprocess.run(command, check=True, stdout=sys.stderr, stderr=sys.stderr)


def prepare():
    for name in ("fernet", "credential"):
        os.makedirs(f"{FOLDER}/{name}", mode=0o700)
    with open(f"{FOLDER}/keystone.conf", "w", encoding="utf-8") as file:
        file.write(
            f"[DEFAULT]\nlog_file = {FOLDER}/log\n[database]\nconnection = sqlite:///{FOLDER}/keystone.db\n"
            f"[fernet_tokens]\nkey_repository = {FOLDER}/fernet\n[credential]\nkey_repository = {FOLDER}/credential\n"
            "[identity]\npassword_hash_rounds = 4\n"
        )
    manage("db_sync")
    manage("fernet_setup", "--keystone-user", "root", "--keystone-group", "root")
    manage("bootstrap", "--bootstrap-password", PASSWORD, "--bootstrap-region-id", "one")


class Client:
    def __init__(self, url):
        self.url, self.token = url, None

    def log_in(self, user, password, project):
        domain = {"id": "default"}
        person = {"name": user, "password": password, "domain": domain}
        scope = {"project": {"name": project, "domain": domain}}
        identity = {"methods": ["password"], "password": {"user": person}}
        body = {"auth": {"identity": identity, "scope": scope}}
        with self.send("POST", "/auth/tokens", body) as answer:
            self.token = answer.headers["X-Subject-Token"]
            return json.load(answer)["token"]

    def send(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, method=method)
        request.add_header("Content-Type", "application/json")
        if self.token:
            request.add_header("X-Auth-Token", self.token)
        return urllib.request.urlopen(request, timeout=120)

    def make(self, kind, **members):
        with self.send("POST", f"/{kind}s", {kind: members}) as answer:
            return json.load(answer)[kind]["id"]


def populate(url):
    admin = Client(url)
    admin.log_in("admin", PASSWORD, "admin")
    for name, path in (("compute", "/v2.1"), ("network", ""), ("image", "/glance")):
        service = admin.make("service", type=name, name=name)
        for interface in ("public", "internal"):
            host = "cloud.example" if interface == "public" else "inside.example"
            admin.make("endpoint", service_id=service, interface=interface, region_id="one",
                       url=f"https://{host}{path}")
    project = admin.make("project", name="lab", domain_id="default")
    user = admin.make("user", name="ops", password=USER_PASSWORD, domain_id="default")
    with admin.send("GET", "/roles?name=member") as answer:
        role = json.load(answer)["roles"][0]["id"]
    admin.send("PUT", f"/projects/{project}/users/{user}/roles/{role}").close()
    member = Client(url)
    member.log_in("ops", USER_PASSWORD, "lab")
    with member.send("POST", f"/users/{user}/application_credentials",
                     {"application_credential": {"name": "swarmctl"}}) as answer:
        credential = json.load(answer)["application_credential"]
    return {"url": url, "project": project, "user": user, "credential": credential["id"],
            "secret": credential["secret"]}


def main():
    prepare()
    # Keystone reads the words of the command line too.
    del sys.argv[1:]
    from keystone.server.wsgi import initialize_public_application

    server = wsgiref.simple_server.make_server(
        "127.0.0.1", 0, initialize_public_application(), server_class=Server, handler_class=Quiet
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps(populate(f"http://127.0.0.1:{server.server_port}/v3")), flush=True)
    # Until whoever started this ends.
    sys.stdin.read()


main()
