"""Install a built wheel into an empty environment and use it elsewhere: `python -m programs.use_wheel DIST`.

Run by the nox session `wheel`.  DIST holds the wheel and the source distribution, and takes the environment.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path


def main(dist: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    environment = dist / "environment"
    venv.create(environment, with_pip=True)
    scripts = environment / ("Scripts" if os.name == "nt" else "bin")
    python, chainrule = scripts / "python", scripts / "chainrule"
    elsewhere = dist / "elsewhere"
    elsewhere.mkdir()

    def run(*command: object, status: int = 0) -> str:
        done = subprocess.run([str(word) for word in command], cwd=elsewhere, capture_output=True, text=True)
        if done.returncode != status:
            sys.exit(f"{command}: status {done.returncode}, expected {status}\n{done.stdout}\n{done.stderr}")
        print(f"{' '.join(map(str, command[1:]))}: {(done.stdout.strip().splitlines() or ['quiet'])[-1]}")
        return done.stdout

    run(python, "-m", "pip", "install", "--quiet", wheel)
    run(chainrule, "--version")
    run(chainrule, "new", "my_mlp.py")
    run(chainrule, "check", "my_mlp.py", status=1)
    run(chainrule, "study", "my_mlp.py", status=4)  # which needs an extra
    run(chainrule, "adapt", "my_mlp.py")
    run(chainrule, "check", "chainrule.reference")
    run(python, "-m", "chainrule", "explain", "softmax.shift_invariance")
    run(python, "-m", "pytest", "-q", "--pyargs", "chainrule.spec_tests.test_softmax", "--impl", "chainrule.reference")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
