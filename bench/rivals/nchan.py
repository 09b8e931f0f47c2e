"""A rival: nginx with the nchan module, one worker. ``python -m bench.rivals.nchan`` runs it where it is called."""

import os
import shutil
import socket
from pathlib import Path

MODULE = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
"""Where Debian's libnginx-mod-nchan puts it."""

CONFIGURATION = """\
load_module {module};
daemon off;
user {user};
worker_processes 1;
pid nginx.pid;
error_log stderr error;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    keepalive_requests 100000000;
    nchan_max_reserved_memory 512M;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location = /stream {{
            nchan_subscriber eventsource websocket;
            nchan_channel_id session;
            nchan_subscriber_first_message newest;
        }}
        location = /publish {{
            nchan_publisher;
            nchan_channel_id session;
            nchan_message_buffer_length 5000;
        }}
    }}
}}
"""


def missing() -> str:
    """Why nchan can't run here; nothing when it can."""
    if shutil.which("nginx") is None or not MODULE.exists():
        return "nginx with nchan is not installed (Debian: apt-get install nginx libnginx-mod-nchan)"
    return ""


def main() -> None:
    """Write the configuration, say the address, become nginx."""
    here = Path.cwd()
    user = Path("/proc/self").owner()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    configuration = here / "nginx.conf"
    configuration.write_text(CONFIGURATION.format(module=MODULE, user=user, port=port))
    print(f"Starting nginx on http://127.0.0.1:{port}", flush=True)
    os.execvp("nginx", ["nginx", "-e", "stderr", "-p", str(here), "-c", str(configuration)])


if __name__ == "__main__":
    main()
