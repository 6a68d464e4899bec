//! Through TLS: `rediss://`, with a certificate that is checked.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::server::Redis;
use crate::{Other, until};

/// A folder with a certificate for this machine and the authority that has signed it; it goes with the test.
struct Certificates(PathBuf);

impl Certificates {
    fn make() -> Self {
        let folder = std::env::temp_dir().join(format!("circuit-fleet-tls-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let certificates = Certificates(folder);
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2";
        let [authority, server] =
            ["authority", "server"].map(|name| certificates.path(name).display().to_string());
        for line in [
            format!(
                "req -x509 {key} -subj /CN=authority -keyout {authority}.key -out {authority}.pem"
            ),
            format!(
                "req -x509 {key} -subj /CN=server -addext subjectAltName=IP:127.0.0.1 \
                 -addext basicConstraints=critical,CA:FALSE -CA {authority}.pem -CAkey {authority}.key \
                 -keyout {server}.key -out {server}.pem"
            ),
        ] {
            let openssl = Command::new("openssl").args(line.split_whitespace()).output();
            let done = openssl.expect("openssl is installed");
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        }
        certificates
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Certificates {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// `trusting`: whose certificates are taken, besides no others.
fn circuitctl(address: &str, trusting: &Path, line: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_circuitctl"))
        .args(["--redis", address, "--namespace", "test", "--by", "alice"])
        .args(line.split_whitespace())
        .env("SSL_CERT_FILE", trusting)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
#[ignore = "needs redis-server and openssl"]
fn an_instance_and_circuitctl_speak_tls_and_take_no_other_certificate() {
    let certificates = Certificates::make();
    let redis = Redis::start_with_tls(
        &certificates.path("server.pem"),
        &certificates.path("server.key"),
        &certificates.path("authority.pem"),
    );
    let address = redis.address_through_tls();
    let authority = certificates.path("authority.pem");
    let other = Other::start_at(&address, "a", &[("SSL_CERT_FILE", &authority)]);
    let list = || circuitctl(&address, &authority, "list");
    until("the instance is there", || {
        String::from_utf8_lossy(&list().stdout).starts_with("1 instance, 0 silent")
    });
    let ordered = circuitctl(&address, &authority, "force-open payments");
    assert_eq!(String::from_utf8_lossy(&ordered.stdout), "order 1\n1/1 in force\n");

    // Signed by nobody whom circuitctl trusts.
    let stranger = circuitctl(&address, &certificates.path("server.pem"), "list");
    let error = String::from_utf8_lossy(&stranger.stderr);
    assert!(!stranger.status.success() && error.contains("certificate"), "{error}");
    // Nobody switches that off by the address.
    let unchecked = circuitctl(&format!("{address}/#insecure"), &authority, "list");
    assert!(!unchecked.status.success(), "{}", String::from_utf8_lossy(&unchecked.stdout));
    other.leave();
}
