//! The page: one response, made of the files beside this one, without a build step or anything from
//! elsewhere.

use axum::body::Bytes;
use axum::http::header;
use axum::response::{IntoResponse, Response};

const PAGE: &str = concat!(
    include_str!("page/head.html"),
    "<style>",
    include_str!("page/page.css"),
    "</style>",
    include_str!("page/body.html"),
    "<script>",
    include_str!("page/circuits.js"),
    include_str!("page/rows.js"),
    include_str!("page/details.js"),
    include_str!("page/live.js"),
    "</script>\n</body>\n</html>\n",
);

/// The page's content security policy: it may run its own script and use its own style, by their
/// hashes (which a test compares), and send requests to its own server. It can't be framed, so that
/// nobody can be tricked into pressing its buttons.
const POLICY: &str = concat!(
    "default-src 'none'; ",
    "script-src 'sha256-OQQS1XfOLblsW5inTZyhIOhkLau11YhEM4p2yZ+4xVs='; ",
    "style-src 'sha256-dYPvg6gKGj7t55kKiyL0FcXt8H+W/VtIG+HOp47ULiI='; ",
    "img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
);

/// The page, with or without buttons.
pub(super) fn with_control(control: bool) -> Bytes {
    if control {
        Bytes::from(PAGE.replacen("data-control=\"off\"", "data-control=\"on\"", 1))
    } else {
        Bytes::from_static(PAGE.as_bytes())
    }
}

pub(super) fn show(page: Bytes) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, page).into_response()
}
