"""python -m minigan.lab: the laboratory, in the browser of this machine."""

import argparse
import webbrowser
from contextlib import suppress
from pathlib import Path

from minigan.lab import webassembly
from minigan.lab.recording import write
from minigan.lab.server import Server, serve
from minigan.training.progress import end_quietly_without_a_reader


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m minigan.lab",
        description="A page in the browser on which a GAN learns in the plane. It ends with Ctrl-C, or when the "
        "page is closed.",
    )
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1 (default: 0, any that is free)")
    parser.add_argument("--no-browser", action="store_true", help="print the address only (default: open it)")
    parser.add_argument(
        "--write",
        type=Path,
        metavar="FILE",
        help="write a page with a recorded run (default: serve the page)",
    )
    parser.add_argument(
        "--site",
        type=Path,
        metavar="FOLDER",
        help="write laboratory.html and what it needs to run Python in the browser (default: serve the page)",
    )
    parser.add_argument(
        "--pyodide",
        type=Path,
        metavar="DIR",
        help="a folder with Pyodide: run Python in the browser with it (default: its CDN, for --site only)",
    )
    args = parser.parse_args(arguments)
    if not 0 <= args.port < 65536:
        parser.error(f"--port is {args.port}, expected 0 to 65535")
    if args.write:
        return write(args.write)
    try:
        if args.site:
            return webassembly.write(args.site, args.pyodide)
        server = Server(args.port, pyodide=args.pyodide)
    except FileNotFoundError as error:
        parser.error(f"{error}")
    except OSError as error:
        parser.error(f"port {args.port} of 127.0.0.1 cannot be used: {error.strerror}")
    with suppress(KeyboardInterrupt), server:
        print(server.address, flush=True)
        if not args.no_browser:
            webbrowser.open(server.address)
        serve(server)


if __name__ == "__main__":
    end_quietly_without_a_reader()
    main()
