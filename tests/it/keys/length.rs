//! Long keys: known by their beginning and a hash of the whole.

use circuit_runtime::circuit_breaker;

use super::{Answer, DOWN, circuit, is_rejected};

#[circuit_breaker(name = "length: keys", key = key, threshold = 1, max_keys = 100)]
fn call(key: &str, answer: Answer) -> Answer {
    assert!(key.len() < 100_000);
    answer
}

/// The circuit's key, as it is listed.
fn listed(key: &str) -> String {
    circuit("length: keys").snapshot_of(key).unwrap().key.unwrap().to_string()
}

#[test]
fn a_key_of_up_to_256_bytes_is_known_as_it_is() {
    for key in ["k".repeat(256), "é".repeat(128)] {
        assert_eq!(DOWN, call(&key, DOWN));
        assert_eq!(key, listed(&key));
    }
}

#[test]
fn a_longer_key_is_known_by_its_beginning_and_a_hash_of_the_whole() {
    for (key, last) in [("l".repeat(257), "m"), ("é".repeat(40_000), "è"), ("日".repeat(90), "本")]
    {
        assert_eq!(DOWN, call(&key, DOWN));
        assert!(is_rejected(call(&key, Ok(()))));
        let (beginning, hash) = {
            let listed = listed(&key);
            assert!(listed.len() <= 280, "{listed}");
            let (beginning, hash) = listed.split_once('…').unwrap();
            (beginning.to_owned(), hash.to_owned())
        };
        assert!(key.starts_with(&beginning) && beginning.len() >= 230, "{beginning}");
        assert!(hash.len() == 32 && hash.chars().all(|digit| digit.is_ascii_hexdigit()), "{hash}");
        // Of another text with the same beginning, only the hash is another.
        let mut other = key.clone();
        other.truncate(other.len() - last.len());
        other.push_str(last);
        assert_eq!(Ok(()), call(&other, Ok(())));
        assert!(listed(&other).starts_with(&beginning) && listed(&other) != listed(&key));
    }
}

/// Or else whoever has seen it in a log could open a circuit of somebody else's.
#[test]
fn what_a_long_key_is_known_as_is_no_way_to_its_circuit() {
    let long = "n".repeat(1_000);
    assert_eq!(DOWN, call(&long, DOWN));
    let known_as = listed(&long);
    assert_eq!(Ok(()), call(&known_as, Ok(())));
    assert!(is_rejected(call(&long, Ok(()))));
    // Whoever asks for it by that name finds it all the same.
    assert_eq!(1, circuit("length: keys").snapshot_of(&known_as).unwrap().failures);
}
