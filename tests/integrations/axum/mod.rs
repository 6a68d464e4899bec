//! The routes that show and steer circuits.

mod keys;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::request::Parts;
use axum::http::{Method, Request, StatusCode, header};
use axum::response::Response;
use base64::prelude::{BASE64_STANDARD, Engine};
use circuit_runtime::axum::router;
use circuit_runtime::{CircuitBreaker, Config, Mode, Reason, State, circuit_breaker};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tower::ServiceExt;

const HOSTS: [&str; 2] = ["http://circuits.example:8080", "in-front-of-the-proxy.example"];

fn circuit(name: &'static str, config: Config) -> &'static CircuitBreaker {
    let breaker: &'static CircuitBreaker = Box::leak(Box::new(CircuitBreaker::new(name, config)));
    breaker.register();
    breaker
}

pub(super) async fn body(response: Response) -> Value {
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

async fn get(app: Router, path: &str) -> Response {
    app.oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap()
}

/// A POST as the page sends it, with other headers laid over.
async fn post(path: &str, headers: &[(&str, &str)]) -> Response {
    let app = Router::from(router().with_control(&HOSTS));
    let mut request = Request::builder().method(Method::POST).uri(path);
    if !headers.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", "circuits.example:8080");
    }
    if !headers.iter().any(|(name, _)| *name == "content-type") {
        request = request.header("content-type", "application/json");
    }
    for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
        request = request.header(*name, *value);
    }
    app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

#[tokio::test]
async fn all_circuits_are_listed_and_one_is_found_by_its_name() {
    let breaker = circuit("shop::Prices::of", Config::new().threshold(1));
    breaker.try_acquire().unwrap().failure();
    let list = body(get(router().into(), "/circuits").await).await;
    let listed = list.as_array().unwrap().iter().find(|circuit| circuit["name"] == breaker.name());
    assert_eq!(listed.unwrap()["state"], "open");

    let shown = body(get(router().into(), "/circuits/shop::Prices::of").await).await;
    assert_eq!((&shown["name"], &shown["failures"]), (&json!("shop::Prices::of"), &json!(1)));
}

#[tokio::test]
async fn a_name_may_need_escapes() {
    circuit("GET /prices/{sku}?", Config::new());
    let shown = get(router().into(), "/circuits/GET%20%2Fprices%2F%7Bsku%7D%3F").await;
    assert_eq!(body(shown).await["name"], "GET /prices/{sku}?");
}

#[tokio::test]
async fn an_unknown_name_is_404_and_not_reflected() {
    let response = get(router().into(), "/circuits/%3Cscript%3Ealert(1)%3C%2Fscript%3E").await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    let body = body(response).await;
    assert_eq!(body, json!({ "error": "no circuit of this name has been used or registered yet" }));
    let response = post("/circuits/nobody/reset", &[]).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn control_is_only_there_when_asked_for() {
    circuit("watched", Config::new());
    let request = Request::post("/circuits/watched/force-open")
        .header("content-type", "application/json")
        .body(Body::empty())
        .unwrap();
    let response = Router::from(router()).oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(circuit_runtime::find("watched").unwrap().mode(), Mode::Normal);
}

#[tokio::test]
async fn each_action_steers_the_circuit_and_answers_with_it() {
    let breaker = circuit("steered", Config::new().threshold(1));
    breaker.try_acquire().unwrap().failure();
    for (action, mode) in [
        ("force-open", "forced-open"),
        ("disable", "disabled"),
        ("shadow", "shadow"),
        ("resume", "normal"),
    ] {
        let response = post(&format!("/circuits/steered/{action}"), &[]).await;
        assert_eq!(response.status(), StatusCode::OK);
        let snapshot = body(response).await;
        assert_eq!((&snapshot["mode"], &snapshot["state"]), (&json!(mode), &json!("open")));
    }
    assert_eq!(body(post("/circuits/steered/reset", &[]).await).await["state"], "closed");
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(post("/circuits/steered/explode", &[]).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_second_circuit_of_a_name_is_steered_by_its_number() {
    let both = [circuit("namesakes", Config::new()), circuit("namesakes", Config::new())];
    let response = post("/circuits/namesakes%232/force-open", &[]).await;
    assert_eq!(body(response).await["name"], "namesakes#2");
    assert_eq!(both.map(CircuitBreaker::mode), [Mode::Normal, Mode::ForcedOpen]);
}

#[tokio::test]
async fn a_request_that_another_site_caused_is_refused() {
    let breaker = circuit("guarded", Config::new());
    for headers in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "cross-site"), ("origin", "http://circuits.example:8080")],
        &[("origin", "https://evil.example")],
        &[("origin", "https://circuits.example")],
        &[("origin", "https://circuits.example:8080")],
        &[("origin", "http://in-front-of-the-proxy.example")],
        &[("sec-fetch-site", "same-origin"), ("origin", "http://in-front-of-the-proxy.example")],
        &[("sec-fetch-site", "same-origin"), ("origin", "http://evil.example")],
        &[("sec-fetch-site", "same-origin"), ("host", "evil.example")],
        &[
            ("sec-fetch-site", "same-origin"),
            ("host", "127.0.0.1"),
            ("origin", "http://evil.example"),
        ],
        &[("host", "evil.example"), ("origin", "http://evil.example")],
        &[("host", "circuits.example")],
        &[("host", "circuits.example:80")],
        &[("host", "localhost@evil.example")],
        &[("host", "localhost.evil.example")],
        &[("host", "127.0.0.1"), ("origin", "http://localhost")],
        &[("host", "")],
        &[("origin", "null")],
        &[("content-type", "")],
        &[("content-type", "text/plain")],
        &[("content-type", "text/plain; application/json")],
        &[("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")],
    ] {
        let response = post("/circuits/guarded/force-open", headers).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{headers:?}");
        assert!(body(response).await["error"].is_string());
        assert_eq!(breaker.mode(), Mode::Normal, "{headers:?}");
    }
    for headers in [
        &[][..],
        &[("sec-fetch-site", "same-origin")],
        &[("sec-fetch-site", "same-origin"), ("origin", "https://in-front-of-the-proxy.example")],
        &[("origin", "http://circuits.example:8080")],
        &[("content-type", "Application/JSON; charset=utf-8")],
        &[("host", "in-front-of-the-proxy.example")],
        &[("host", "In-Front-Of-The-Proxy.example:8443")],
        &[
            ("host", "in-front-of-the-proxy.example"),
            ("origin", "https://in-front-of-the-proxy.example"),
        ],
        &[("host", "localhost:3000"), ("origin", "http://localhost:3000")],
        &[("host", "127.0.0.2")],
        &[("host", "[::1]:3000"), ("origin", "http://[::1]:3000")],
    ] {
        let response = post("/circuits/guarded/resume", headers).await;
        assert_eq!(response.status(), StatusCode::OK, "{headers:?}");
    }
}

/// As a browser computes them, from what stands between the tags.
#[tokio::test]
async fn the_policy_allows_the_script_and_the_style_of_the_page_and_no_other() {
    let response = get(router().into(), "/circuits/ui").await;
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    let page = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let page = std::str::from_utf8(&page).unwrap();
    for tag in ["script", "style"] {
        let pieces: Vec<_> = page.split(&format!("<{tag}>")).collect();
        let [_, piece] = pieces[..] else { panic!("one <{tag}>") };
        let (content, _) = piece.split_once(&format!("</{tag}>")).unwrap();
        let hash = BASE64_STANDARD.encode(Sha256::digest(content));
        let expected = format!("{tag}-src 'sha256-{hash}'");
        assert!(policy.contains(&expected), "write into page.rs: {expected}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert!(!page.contains(" style=") && !page.contains(" onclick="), "nothing inline");
}

#[tokio::test]
async fn each_answer_is_secured() {
    circuit("secured", Config::new());
    let app: Router = Router::from(router().with_control(&[]));
    let requests = [
        (Method::GET, "/circuits", 200),
        (Method::GET, "/circuits?limit=many", 400),
        (Method::GET, "/circuits/secured", 200),
        (Method::GET, "/circuits/secured/keys/none", 404),
        (Method::GET, "/circuits/nobody", 404),
        (Method::GET, "/circuits/%FF", 400),
        (Method::GET, "/circuits/%FF/keys/a", 400),
        (Method::GET, "/circuits/ui", 200),
        (Method::PUT, "/circuits", 405),
        (Method::POST, "/circuits/secured/reset", 403),
    ];
    for (method, path, status) in requests {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status, "{path}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(response.headers()[name], value, "{path}");
        }
        assert!(response.headers().contains_key("permissions-policy"), "{path}");
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{path}");
        if status == 400 {
            assert!(body(response).await["error"].is_string(), "{path}");
        }
    }
}

#[tokio::test]
async fn who_steers_is_in_the_reason_and_beside_the_mode() {
    let breaker = circuit("audited", Config::new().threshold(1));
    breaker.try_acquire().unwrap().failure();
    let routes = router().with_control(&[]).with_actor(|request: &Parts| {
        Some(request.headers.get("x-user")?.to_str().ok()?.to_owned())
    });
    let app = Router::from(routes);
    let steer = async |action: &str, user: Option<&str>| {
        let mut request = Request::post(format!("/circuits/audited/{action}"))
            .header("host", "localhost")
            .header("content-type", "application/json");
        if let Some(user) = user {
            request = request.header("x-user", user);
        }
        let request = request.body(Body::empty()).unwrap();
        assert_eq!(app.clone().oneshot(request).await.unwrap().status(), StatusCode::OK);
    };
    steer("reset", Some("alice")).await;
    let last = breaker.snapshot().recent_transitions.pop().unwrap();
    assert_eq!(last.to_string(), "circuit `audited` closed: reset by alice");
    assert!(matches!(&last.reason, Reason::ByOperator { by, .. } if &**by == "alice"));

    steer("force-open", Some(&format!("bob\t{}", "b".repeat(500)))).await;
    steer("resume", None).await;
    let shown = body(get(app.clone(), "/circuits/audited").await).await;
    let changes = shown["mode_changes"].as_array().unwrap();
    assert_eq!(changes[0]["mode"], "forced-open");
    assert_eq!(changes[0]["by"], format!("bob {}", "b".repeat(124)), "neither control nor length");
    assert_eq!((&changes[1]["mode"], &changes[1]["by"]), (&json!("normal"), &Value::Null));
    assert_eq!(shown["recent_transitions"][1]["reason"]["by"], "alice");
}

#[circuit_breaker(name = "by host", key = host, threshold = 2)]
fn fetch(host: &str, ok: bool) -> std::io::Result<()> {
    if ok { Ok(()) } else { Err(std::io::Error::other("down")) }
}

#[tokio::test]
async fn a_circuit_is_shown_with_its_configuration_and_its_keys_worst_first() {
    for host in ["fine", "failed once", "open"] {
        let _ = fetch(host, true);
    }
    let _ = fetch("failed once", false);
    let _ = (fetch("open", false), fetch("open", false));
    let shown = body(get(router().into(), "/circuits/by%20host?limit=2").await).await;
    let keys = &shown["keys"];
    assert_eq!(
        (&keys["total"], &keys["matching"], &keys["offset"]),
        (&json!(3), &json!(3), &json!(0))
    );
    let names = |keys: &Value| -> Vec<Value> {
        keys["shown"].as_array().unwrap().iter().map(|key| key["key"].clone()).collect()
    };
    assert_eq!(names(keys), ["open", "failed once"]);
    assert_eq!(keys["shown"][0]["state"], "open");
    let config = json!({
        "threshold": 2, "recovery": "1m", "backoff": 1.0, "jitter": 0.0, "success_threshold": 1,
        "probes": 1, "probe_timeout": "1m", "on_cancel": "ignore",
    });
    assert_eq!(shown["config"], config, "with the defaults");

    let next = body(get(router().into(), "/circuits/by%20host?limit=2&offset=2").await).await;
    assert_eq!(names(&next["keys"]), ["fine"]);
    let found = body(get(router().into(), "/circuits/by%20host?filter=en").await).await;
    assert_eq!(
        (names(&found["keys"]), &found["keys"]["matching"]),
        (vec![json!("open")], &json!(1))
    );
    let one = body(get(router().into(), "/circuits/by%20host/keys/failed%20once").await).await;
    assert_eq!((&one["key"], &one["failures_in_a_row"]), (&json!("failed once"), &json!(1)));
    assert_eq!(
        body(get(router().into(), "/circuits/by%20host/keys/nobody").await).await["error"],
        "this key has no circuit now"
    );
}

#[tokio::test]
async fn circuits_that_are_called_like_a_route_can_be_reached() {
    for name in ["ui", "events"] {
        let breaker = circuit(name, Config::new());
        let shown = body(get(router().into(), &format!("/circuits?name={name}")).await).await;
        assert_eq!(
            (&shown[0]["name"], &shown[0]["config"]["threshold"]),
            (&json!(name), &json!(5))
        );
        let steered = post(&format!("/circuits/{name}/force-open"), &[]).await;
        assert_eq!((steered.status(), breaker.mode()), (StatusCode::OK, Mode::ForcedOpen));
        let key = get(router().into(), &format!("/circuits/{name}/keys/none")).await;
        assert_eq!(body(key).await["error"], "this key has no circuit now");
    }
}

#[tokio::test]
async fn the_page_stands_alone_and_has_buttons_only_with_control() {
    for (routes, control) in [(router(), "off"), (router().with_control(&[]), "on")] {
        let response = get(routes.into(), "/circuits/ui").await;
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        let page = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let page = std::str::from_utf8(&page).unwrap();
        assert!(page.contains(&format!("data-control=\"{control}\"")));
        assert!(!page.contains("https://") && !page.contains(" src="), "nothing from elsewhere");
    }
}

#[tokio::test]
async fn the_routes_can_be_nested_and_merged_with_any_state() {
    let app: Router =
        Router::new().nest("/admin", router().into()).merge(router()).with_state(7_u8);
    for path in ["/circuits", "/admin/circuits", "/admin/circuits/ui"] {
        assert_eq!(get(app.clone(), path).await.status(), StatusCode::OK, "{path}");
    }
}
