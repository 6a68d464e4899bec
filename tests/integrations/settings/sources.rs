//! The page's details say where each option comes from.

use axum::body::{Body, to_bytes};
use axum::http::Request;
use circuit_runtime::{Config, Settings, circuit_breaker, configure};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{Turn, circuit, file};

async fn sources(name: &str) -> Value {
    let request = Request::get(format!("/circuits?name={name}")).header("host", "localhost");
    let router: axum::Router = circuit_runtime::axum::router().into();
    let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    serde_json::from_slice::<Value>(&body).unwrap()[0]["sources"].clone()
}

#[circuit_breaker(name = "sourced", threshold = 3, success_threshold = 2, backoff = 2)]
fn sourced() -> std::io::Result<()> {
    Ok(())
}

#[tokio::test]
async fn code_preset_file_environment_and_by_hand_are_told_apart() {
    let _turn = Turn::take();
    sourced().unwrap();
    let settings = file(
        r#"
        [default]
        max_concurrent = 9
        [presets.p]
        probes = 4
        [circuits.sourced]
        preset = "p"
        threshold = 4
        mode = "shadow"
        "#,
    );
    let variables = Settings::from_vars("CB", [("CB__SOURCED__BACKOFF", "3")]);
    configure(settings.overlaid(variables)).unwrap();
    let circuit = circuit_runtime::find("sourced").unwrap();
    circuit.reconfigure(circuit.config().jitter(0.5)).unwrap();
    let found = sources("sourced").await;
    let expected = json!({
        "threshold": "circuits.sourced.threshold",
        "success_threshold": "code",
        "backoff": "CB__SOURCED__BACKOFF",
        "probes": "presets.p.probes",
        "max_concurrent": "default.max_concurrent",
        "jitter": "by hand",
        "recovery": "built in",
        "mode": "circuits.sourced.mode",
    });
    for (option, source) in expected.as_object().unwrap() {
        assert_eq!(&found[option], source, "{option}");
    }
    circuit.force_open();
    assert_eq!(sources("sourced").await["mode"], "by hand");
}

#[tokio::test]
async fn without_settings_all_is_code_built_in_or_by_hand() {
    let _turn = Turn::take();
    let circuit = circuit("unsourced", Config::new().threshold(3));
    circuit.reconfigure(circuit.config().probes(2)).unwrap();
    let found = sources("unsourced").await;
    assert_eq!(
        (&found["threshold"], &found["probes"], &found["backoff"], &found["mode"]),
        (&json!("code"), &json!("by hand"), &json!("built in"), &Value::Null)
    );
}
