//! The machine's first root: a shell, the modules, and what to do.

use std::fs;
use std::path::Path;

use super::cpio::Archive;

/// Loads the drivers, goes over into the host's root (read-only), runs the guest program, and switches off.
///
/// What the guest says goes into a file: on the serial console kernel messages cut into other lines.
const INIT: &str = r#"#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
for module in $(cat /modules/order); do
  case $module in vivid.ko | v4l2loopback.ko) continue ;; esac
  insmod /modules/$module || echo "no $module"
done
mount -t 9p -o trans=virtio,version=9p2000.L,ro,msize=262144,cache=loose host /host || echo "no host"
for directory in proc sys dev; do mount --bind /$directory /host/$directory; done
mount -t tmpfs tmpfs /host/run
mount -t 9p -o trans=virtio,version=9p2000.L,rw,msize=262144 share "/host@SHARE@" || echo "no share"
insmod /modules/vivid.ko n_devs=2 node_types=0x101,0x1 num_inputs=1,1 input_types=0x0,0x1 ccs_cap_mode=-1,0 num_outputs=1 output_types=0x0 || echo "no vivid"
insmod /modules/v4l2loopback.ko video_nr=5 card_label=Webcam exclusive_caps=1 || echo "no v4l2loopback"
chroot /host "@GUEST@" "@SHARE@/report"
echo $? > "/host@SHARE@/done"
sync
sleep 0.2
echo o > /proc/sysrq-trigger
sleep 5
"#;

/// The archive, from what is in `kernel_root`.
pub(super) fn build(kernel_root: &Path, share: &Path, guest: &Path) -> Result<Vec<u8>, String> {
    let read = |name: &str| {
        let path = kernel_root.join(name);
        fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))
    };
    let in_script = |path: &Path| match path.to_str() {
        Some(path) if !path.contains(['"', '$', '`', '\\']) => Ok(path.to_owned()),
        _ => Err(format!("the path {} does not fit into a script", path.display())),
    };
    let init = INIT
        .replace("@SHARE@", &in_script(share)?)
        .replace("@GUEST@", &in_script(guest)?);
    let mut archive = Archive::default();
    for directory in ["bin", "proc", "sys", "dev", "host", "modules"] {
        archive.directory(directory);
    }
    archive.program("init", init.as_bytes());
    archive.program("bin/busybox", &read("busybox")?);
    let order = read("modules")?;
    archive.program("modules/order", &order);
    for module in String::from_utf8_lossy(&order).lines() {
        archive.program(&format!("modules/{module}"), &read(module)?);
    }
    Ok(archive.finish())
}
