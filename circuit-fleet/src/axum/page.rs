//! The page: one response, made of the files beside this one, without a build step or anything from elsewhere.

use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};

const PAGE: &str = concat!(
    include_str!("page/head.html"),
    "<style>",
    include_str!("page/page.css"),
    "</style>",
    include_str!("page/body.html"),
    "<script>",
    include_str!("page/words.js"),
    include_str!("page/fleet.js"),
    "</script>\n</body>\n</html>\n",
);

/// The page's content security policy: it may run its own script and use its own style, by their hashes, which a test
/// compares, and ask its own server.
const POLICY: &str = concat!(
    "default-src 'none'; ",
    "script-src 'sha256-KL7IRyqwmGrxw7zu8rp1Mg9GasMEmvE/LhPyU8KyfJA='; ",
    "style-src 'sha256-7V3Tq0EljTyB2JZhtfttRDAMgeDOHUq8Mn8Hn2M+5a8='; ",
    "img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
);

/// Whether somebody asks for a page, as browsers do, and not for JSON.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).any(|value| {
        value.split(',').any(|range| {
            let mut parts = range.split(';').map(str::trim);
            let is_html = parts.next().is_some_and(|media| media.eq_ignore_ascii_case("text/html"));
            // `q=0` says: not that.
            is_html && !parts.any(|part| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
        })
    })
}

pub(super) fn show() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, PAGE).into_response()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use sha2::{Digest as _, Sha256};

    use super::*;

    #[test]
    fn the_policy_allows_the_script_and_the_style_of_the_page_and_no_other() {
        let between = |start: &str, end: &str| {
            let (_, after) = PAGE.split_once(start).unwrap();
            after.split_once(end).unwrap().0
        };
        for (kind, content) in [
            ("script-src", between("<script>", "</script>")),
            ("style-src", between("<style>", "</style>")),
        ] {
            let hash = STANDARD.encode(Sha256::digest(content));
            let allowed = format!("{kind} 'sha256-{hash}'; ");
            assert!(POLICY.contains(&allowed), "page.rs must say {allowed}");
        }
        assert_eq!(PAGE.matches("<script").count() + PAGE.matches("<style").count(), 2);
        assert!(!PAGE.contains(" style=") && !PAGE.contains(" onclick="));
    }

    #[test]
    fn browsers_get_the_page_and_tools_json() {
        let chromium = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
        for (accept, is_page) in [
            (Some(chromium), true),
            (Some("application/json, Text/HTML;q=0.5"), true),
            (Some("text/html;q=0, application/json"), false),
            (Some("*/*"), false),
            (Some("application/json"), false),
            (None, false),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert(header::ACCEPT, accept.parse().unwrap());
            }
            assert_eq!(is_wanted(&headers), is_page, "{accept:?}");
        }
    }
}
