//! One boot of the virtual machine.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A boot takes some ten seconds on an idle computer and the scenarios some thirty; a busy one takes several times that.
const PATIENCE: Duration = Duration::from_secs(240);

/// Runs the machine until it switches itself off, and returns the end of what it wrote to its console.
///
/// It is emulated throughout: hardware virtualization is not to be had everywhere, and correctness does not need it.
pub(super) fn run(qemu: &Path, kernel: &Path, initramfs: &Path, share: &Path) -> Result<String, String> {
    let console = share.join("console");
    let output = File::create(&console).map_err(|error| error.to_string())?;
    let errors = output.try_clone().map_err(|error| error.to_string())?;
    let mut command = Command::new(qemu.join("usr/bin/qemu-system-x86_64"));
    if qemu != Path::new("/") {
        let library = |at: &str| qemu.join(at).display().to_string();
        let libraries = [
            library("usr/lib/x86_64-linux-gnu"),
            library("lib/x86_64-linux-gnu"),
        ];
        command.env("LD_LIBRARY_PATH", libraries.join(":"));
    }
    for data in ["usr/share/qemu", "usr/share/seabios"] {
        command.arg("-L").arg(qemu.join(data));
    }
    command.args([
        "-M",
        "q35",
        "-accel",
        "tcg,thread=multi",
        "-cpu",
        "max",
        "-smp",
        "2",
        "-m",
        "1024",
    ]);
    command.args([
        "-nodefaults",
        "-no-user-config",
        "-nographic",
        "-no-reboot",
        "-serial",
        "stdio",
    ]);
    command.arg("-kernel").arg(kernel).arg("-initrd").arg(initramfs);
    let parameters =
        "console=ttyS0 quiet loglevel=4 panic=-1 tsc=reliable mitigations=off random.trust_cpu=on";
    command.args(["-append", parameters]);
    command.args([
        "-fsdev",
        "local,id=host,path=/,security_model=none,readonly=on,multidevs=remap",
    ]);
    command.args(["-device", "virtio-9p-pci,fsdev=host,mount_tag=host"]);
    let share = share.display();
    command.args([
        "-fsdev",
        &format!("local,id=share,path={share},security_model=none,multidevs=remap"),
    ]);
    command.args(["-device", "virtio-9p-pci,fsdev=share,mount_tag=share"]);
    command.stdin(Stdio::null()).stdout(output).stderr(errors);
    let child = command
        .spawn()
        .map_err(|error| format!("qemu does not start: {error}"))?;
    let ended = wait(child, PATIENCE)?;
    let said = fs::read(&console).map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&said).into_owned();
    if ended {
        Ok(said)
    } else {
        Err(format!(
            "the machine ran for more than {PATIENCE:?}. Its console:\n{said}"
        ))
    }
}

/// `false` when it had to be ended.
fn wait(mut child: Child, patience: Duration) -> Result<bool, String> {
    let began = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(_)) => return Ok(true),
            Ok(None) if began.elapsed() < patience => thread::sleep(Duration::from_millis(50)),
            Ok(None) => {
                child
                    .kill()
                    .and_then(|()| child.wait())
                    .map_err(|error| error.to_string())?;
                return Ok(false);
            }
            Err(error) => return Err(error.to_string()),
        }
    }
}
