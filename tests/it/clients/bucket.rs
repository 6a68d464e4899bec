//! An object store: the bucket of the crate rust-s3, with more builders and getters than calls in a row.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::time::Duration;

use circuit_runtime::test_util::freeze;
use circuit_runtime::{State, circuit_breaker, find};

use super::Error as S3Error;
use super::Reply;
use crate::support::{ready, secs};

macro_rules! types {
    ($($name:ident)*) => { $(#[derive(Clone, Default)] struct $name;)* };
}
types! {
    BucketLifecycleConfiguration CorsConfiguration Credentials HeadObjectResult HttpClient
    ListBucketResult ListMultipartUploadsResult Part Tag
}

type Query = HashMap<String, String>;

#[derive(Clone, Default)]
struct HeaderMap(HashMap<String, String>);

#[derive(Clone, Copy, Default)]
struct Region(&'static str);

struct PostPolicy<'a>(&'a str);

struct PutRequest<'a> {
    bucket: &'a Bucket,
    path: String,
}

impl PutRequest<'_> {
    async fn execute(&self) -> Result<Reply, S3Error> {
        self.bucket.put_object(&self.path, b"content").await
    }
}

#[derive(Clone, Default)]
struct Bucket {
    name: String,
    region: Region,
    extra_headers: HeaderMap,
    extra_query: Query,
    request_timeout: Option<Duration>,
    path_style: bool,
    up: bool,
}

/// What the service answers.
impl Bucket {
    async fn ask<T: Default>(&self) -> Result<T, S3Error> {
        if self.up { Ok(T::default()) } else { Err(S3Error::NoAnswer) }
    }
}

#[rustfmt::skip] // A line for each method.
#[circuit_breaker(name = "clients: bucket", threshold = 2, recovery = "10s")]
impl Bucket {
    pub fn new(name: &str, region: Region) -> Result<Box<Bucket>, S3Error> { Self::new_public(name, region).map(Box::new) }
    pub fn new_public(name: &str, region: Region) -> Result<Bucket, S3Error> { Ok(Bucket { name: name.to_owned(), region, up: true, ..Bucket::default() }) }
    pub async fn create(name: &str, region: Region) -> Result<Box<Bucket>, S3Error> { Self::new(name, region) }
    #[circuit_breaker(skip)]
    pub async fn presign_get(&self, path: impl AsRef<str>, expiry_secs: u32, custom_queries: Option<HashMap<String, String>>) -> Result<String, S3Error> { let _ = custom_queries; Ok(format!("{}?{expiry_secs}", path.as_ref())) }
    #[circuit_breaker(skip)]
    pub async fn presign_post(&self, post_policy: PostPolicy<'_>) -> Result<String, S3Error> { Ok(post_policy.0.to_owned()) }
    #[circuit_breaker(skip)]
    pub async fn presign_put(&self, path: impl AsRef<str>, expiry_secs: u32, custom_headers: Option<HeaderMap>) -> Result<String, S3Error> { let _ = custom_headers; Ok(format!("{}?{expiry_secs}", path.as_ref())) }
    #[circuit_breaker(skip)]
    pub async fn presign_delete(&self, path: impl AsRef<str>, expiry_secs: u32) -> Result<String, S3Error> { Ok(format!("{}?{expiry_secs}", path.as_ref())) }
    #[circuit_breaker(skip)]
    pub async fn credentials_refresh(&self) -> Result<(), S3Error> { Ok(()) }
    #[circuit_breaker(skip)]
    pub async fn access_key(&self) -> Result<Option<String>, S3Error> { self.credentials().await.map(|_| None) }
    #[circuit_breaker(skip)]
    pub async fn secret_key(&self) -> Result<Option<String>, S3Error> { self.credentials().await.map(|_| None) }
    #[circuit_breaker(skip)]
    pub async fn security_token(&self) -> Result<Option<String>, S3Error> { self.credentials().await.map(|_| None) }
    #[circuit_breaker(skip)]
    pub async fn session_token(&self) -> Result<Option<String>, S3Error> { self.credentials().await.map(|_| None) }
    #[circuit_breaker(skip)]
    pub async fn credentials(&self) -> Result<Credentials, S3Error> { Ok(Credentials) }
    async fn _list_buckets(&self) -> Result<Reply, S3Error> { self.ask().await }
    pub async fn exists(&self) -> Result<bool, S3Error> { self._list_buckets().await.map(|_| true) }
    pub async fn delete(&self) -> Result<u16, S3Error> { self.ask().await }
    pub async fn copy_object_internal(&self, from: impl AsRef<str>, to: impl AsRef<str>) -> Result<u16, S3Error> { let _ = (from, to); self.ask().await }
    async fn copy_object(&self, from: impl AsRef<str>, to: impl AsRef<str>) -> Result<u16, S3Error> { self.copy_object_internal(from, to).await }
    pub async fn get_object(&self, path: impl AsRef<str>) -> Result<Reply, S3Error> { let _ = path; self.ask().await }
    pub async fn get_object_attributes(&self, path: impl AsRef<str>, expected_bucket_owner: &str, version_id: Option<String>) -> Result<Reply, S3Error> { let _ = (path, expected_bucket_owner, version_id); self.ask().await }
    pub async fn object_exists(&self, path: impl AsRef<str>) -> Result<bool, S3Error> { self.head_object(path).await.map(|_| true) }
    pub async fn put_bucket_cors(&self, expected_bucket_owner: &str, cors_config: &CorsConfiguration) -> Result<Reply, S3Error> { let _ = (expected_bucket_owner, cors_config); self.ask().await }
    pub async fn get_bucket_cors(&self, expected_bucket_owner: &str) -> Result<CorsConfiguration, S3Error> { let _ = expected_bucket_owner; self.ask().await }
    pub async fn delete_bucket_cors(&self, expected_bucket_owner: &str) -> Result<Reply, S3Error> { let _ = expected_bucket_owner; self.ask().await }
    pub async fn get_bucket_lifecycle(&self) -> Result<BucketLifecycleConfiguration, S3Error> { self.ask().await }
    pub async fn put_bucket_lifecycle(&self, lifecycle_config: BucketLifecycleConfiguration) -> Result<Reply, S3Error> { let _ = lifecycle_config; self.ask().await }
    pub async fn delete_bucket_lifecycle(&self) -> Result<Reply, S3Error> { self.ask().await }
    pub async fn get_object_torrent(&self, path: impl AsRef<str>) -> Result<Reply, S3Error> { let _ = path; self.ask().await }
    pub async fn get_object_range(&self, path: impl AsRef<str>, start: u64, end: Option<u64>) -> Result<Reply, S3Error> { let _ = (path, start, end); self.ask().await }
    pub async fn get_object_range_to_writer(&self, path: impl AsRef<str>, start: u64, end: Option<u64>, writer: &mut (impl Write + Send + ?Sized)) -> Result<u16, S3Error> { let _ = (path, start, end, writer); self.ask().await }
    pub async fn get_object_to_writer(&self, path: impl AsRef<str>, writer: &mut (impl Write + Send + ?Sized)) -> Result<u16, S3Error> { let _ = (path, writer); self.ask().await }
    pub async fn get_object_stream(&self, path: impl AsRef<str>) -> Result<Reply, S3Error> { let _ = path; self.ask().await }
    pub async fn put_object_stream(&self, reader: &mut (impl Read + ?Sized), s3_path: impl AsRef<str>) -> Result<Reply, S3Error> { self._put_object_stream_with_content_type(reader, s3_path.as_ref(), "application/octet-stream").await }
    pub async fn put_object_stream_with_content_type(&self, reader: &mut (impl Read + ?Sized), s3_path: impl AsRef<str>, content_type: impl AsRef<str>) -> Result<Reply, S3Error> { self._put_object_stream_with_content_type(reader, s3_path.as_ref(), content_type.as_ref()).await }
    async fn make_multipart_request(&self, path: &str, chunk: Vec<u8>, part_number: u32, upload_id: &str) -> Result<Reply, S3Error> { let _ = (path, chunk, part_number, upload_id); self.ask().await }
    async fn _put_object_stream_with_content_type(&self, reader: &mut (impl Read + ?Sized), s3_path: &str, content_type: &str) -> Result<Reply, S3Error> { let mut chunk = Vec::new(); let _ = reader.read_to_end(&mut chunk); let id = self.initiate_multipart_upload(s3_path, content_type).await?; for part in 1..4 { self.make_multipart_request(s3_path, chunk.clone(), part, &id).await?; } self.complete_multipart_upload(s3_path, &id, Vec::new()).await }
    pub async fn initiate_multipart_upload(&self, s3_path: &str, content_type: &str) -> Result<String, S3Error> { let _ = (s3_path, content_type); self.ask().await }
    pub async fn put_multipart_stream(&self, reader: &mut impl Read, path: &str, part_number: u32, upload_id: &str, content_type: &str) -> Result<Part, S3Error> { let mut chunk = Vec::new(); let _ = reader.read_to_end(&mut chunk); self.put_multipart_chunk(chunk, path, part_number, upload_id, content_type).await }
    pub async fn put_multipart_chunk(&self, chunk: Vec<u8>, path: &str, part_number: u32, upload_id: &str, content_type: &str) -> Result<Part, S3Error> { let _ = (chunk, path, part_number, upload_id, content_type); self.ask().await }
    pub async fn complete_multipart_upload(&self, path: &str, upload_id: &str, parts: Vec<Part>) -> Result<Reply, S3Error> { let _ = (path, upload_id, parts); self.ask().await }
    pub async fn location(&self) -> Result<(Region, u16), S3Error> { self.ask().await }
    pub async fn delete_object(&self, path: impl AsRef<str>) -> Result<Reply, S3Error> { let _ = path; self.ask().await }
    pub async fn head_object(&self, path: impl AsRef<str>) -> Result<(HeadObjectResult, u16), S3Error> { let _ = path; self.ask().await }
    pub async fn put_object_with_content_type(&self, path: impl AsRef<str>, content: &[u8], content_type: &str) -> Result<Reply, S3Error> { self.put_object_with_content_type_and_headers(path, content, content_type, None).await }
    pub async fn put_object_with_content_type_and_headers(&self, path: impl AsRef<str>, content: &[u8], content_type: &str, custom_headers: Option<HeaderMap>) -> Result<Reply, S3Error> { let _ = (path, content, content_type, custom_headers); self.ask().await }
    pub async fn put_object_with_headers(&self, path: impl AsRef<str>, content: &[u8], custom_headers: Option<HeaderMap>) -> Result<Reply, S3Error> { self.put_object_with_content_type_and_headers(path, content, "application/octet-stream", custom_headers).await }
    pub async fn put_object(&self, path: impl AsRef<str>, content: &[u8]) -> Result<Reply, S3Error> { self.put_object_with_content_type(path, content, "application/octet-stream").await }
    pub async fn put_object_tagging(&self, path: &str, tags: &[(&str, &str)]) -> Result<Reply, S3Error> { let _ = (path, tags); self.ask().await }
    pub async fn delete_object_tagging(&self, path: impl AsRef<str>) -> Result<Reply, S3Error> { let _ = path; self.ask().await }
    pub async fn get_object_tagging(&self, path: impl AsRef<str>) -> Result<(Vec<Tag>, u16), S3Error> { let _ = path; self.ask().await }
    pub async fn list_page(&self, prefix: String, delimiter: Option<String>, continuation_token: Option<String>, start_after: Option<String>, max_keys: Option<usize>) -> Result<(ListBucketResult, u16), S3Error> { let _ = (prefix, delimiter, continuation_token, start_after, max_keys); self.ask().await }
    pub async fn list(&self, prefix: String, delimiter: Option<String>) -> Result<Vec<ListBucketResult>, S3Error> { let (first, _) = self.list_page(prefix.clone(), delimiter.clone(), None, None, None).await?; let (second, _) = self.list_page(prefix, delimiter, Some("next".to_owned()), None, None).await?; Ok(vec![first, second]) }
    pub async fn list_multiparts_uploads_page(&self, prefix: Option<&str>, delimiter: Option<&str>, key_marker: Option<String>, max_uploads: Option<usize>) -> Result<(ListMultipartUploadsResult, u16), S3Error> { let _ = (prefix, delimiter, key_marker, max_uploads); self.ask().await }
    pub async fn list_multiparts_uploads(&self, prefix: Option<&str>, delimiter: Option<&str>) -> Result<Vec<ListMultipartUploadsResult>, S3Error> { let (first, _) = self.list_multiparts_uploads_page(prefix, delimiter, None, None).await?; Ok(vec![first]) }
    pub async fn abort_upload(&self, key: &str, upload_id: &str) -> Result<(), S3Error> { let _ = (key, upload_id); self.ask().await }
    pub fn http_client(&self) -> HttpClient { HttpClient }
    pub fn with_path_style(&self) -> Box<Bucket> { Box::new(Bucket { path_style: true, ..self.clone() }) }
    #[circuit_breaker(skip)]
    pub fn with_extra_headers(&self, extra_headers: HeaderMap) -> Result<Bucket, S3Error> { Ok(Bucket { extra_headers, ..self.clone() }) }
    #[circuit_breaker(skip)]
    pub fn with_extra_query(&self, extra_query: HashMap<String, String>) -> Result<Bucket, S3Error> { Ok(Bucket { extra_query, ..self.clone() }) }
    #[circuit_breaker(skip)]
    pub fn with_request_timeout(&self, request_timeout: Duration) -> Result<Box<Bucket>, S3Error> { Ok(Box::new(Bucket { request_timeout: Some(request_timeout), ..self.clone() })) }
    pub fn with_listobjects_v1(&self) -> Bucket { self.clone() }
    #[circuit_breaker(skip)]
    pub fn set_dangereous_config(&self, accept_invalid_certs: bool, accept_invalid_hostnames: bool) -> Result<Bucket, S3Error> { let _ = (accept_invalid_certs, accept_invalid_hostnames); Ok(self.clone()) }
    #[circuit_breaker(skip)]
    pub fn set_proxy(&self, proxy: HttpClient) -> Result<Bucket, S3Error> { let _ = proxy; Ok(self.clone()) }
    pub fn put_object_stream_builder(&self, path: impl AsRef<str>) -> PutRequest<'_> { PutRequest { bucket: self, path: path.as_ref().to_owned() } }
    pub fn put_object_builder(&self, path: impl AsRef<str>, content: &[u8]) -> PutRequest<'_> { let _ = content; PutRequest { bucket: self, path: path.as_ref().to_owned() } }
    fn _tags_xml(&self, tags: &[(&str, &str)]) -> String { format!("{tags:?}") }
    pub fn is_path_style(&self) -> bool { self.path_style }
    pub fn is_subdomain_style(&self) -> bool { !self.path_style }
    pub fn set_path_style(&mut self) { self.path_style = true; }
    pub fn set_subdomain_style(&mut self) { self.path_style = false; }
    pub fn set_request_timeout(&mut self, timeout: Option<Duration>) { self.request_timeout = timeout; }
    pub fn set_listobjects_v1(&mut self) {}
    pub fn set_listobjects_v2(&mut self) {}
    pub fn name(&self) -> String { self.name.clone() }
    pub fn host(&self) -> String { if self.path_style { self.path_style_host() } else { self.subdomain_style_host() } }
    pub fn url(&self) -> String { format!("{}://{}", self.scheme(), self.host()) }
    pub fn path_style_host(&self) -> String { format!("{}.example", self.region().0) }
    pub fn subdomain_style_host(&self) -> String { format!("{}.{}", self.name, self.path_style_host()) }
    pub fn scheme(&self) -> String { "https".to_owned() }
    pub fn region(&self) -> Region { self.region }
    pub fn set_credentials(&mut self, credentials: Credentials) { let _ = credentials; }
    pub fn add_header(&mut self, key: &str, value: &str) { self.extra_headers.0.insert(key.to_owned(), value.to_owned()); }
    pub fn extra_headers(&self) -> &HeaderMap { &self.extra_headers }
    pub fn extra_headers_mut(&mut self) -> &mut HeaderMap { &mut self.extra_headers }
    pub fn add_query(&mut self, key: &str, value: &str) { self.extra_query.insert(key.to_owned(), value.to_owned()); }
    pub fn extra_query(&self) -> &Query { &self.extra_query }
    pub fn extra_query_mut(&mut self) -> &mut Query { &mut self.extra_query }
    pub fn request_timeout(&self) -> Option<Duration> { self.request_timeout }
}

/// Every method that asks the service, once: successes, or errors.
async fn ask_all(it: &Bucket) -> Vec<Result<(), S3Error>> {
    vec![
        it.put_object_stream_builder("a").execute().await.map(drop),
        it.exists().await.map(drop),
        it.delete().await.map(drop),
        it.copy_object_internal("a", "a").await.map(drop),
        it.get_object("a").await.map(drop),
        it.get_object_attributes("a", "a", None).await.map(drop),
        it.object_exists("a").await.map(drop),
        it.put_bucket_cors("a", &CorsConfiguration).await.map(drop),
        it.get_bucket_cors("a").await.map(drop),
        it.delete_bucket_cors("a").await.map(drop),
        it.get_bucket_lifecycle().await.map(drop),
        it.put_bucket_lifecycle(BucketLifecycleConfiguration).await.map(drop),
        it.delete_bucket_lifecycle().await.map(drop),
        it.get_object_torrent("a").await.map(drop),
        it.get_object_range("a", 1, None).await.map(drop),
        it.get_object_range_to_writer("a", 1, None, &mut Vec::<u8>::new()).await.map(drop),
        it.get_object_to_writer("a", &mut Vec::<u8>::new()).await.map(drop),
        it.get_object_stream("a").await.map(drop),
        it.put_object_stream(&mut &b"a"[..], "a").await.map(drop),
        it.put_object_stream_with_content_type(&mut &b"a"[..], "a", "a").await.map(drop),
        it.initiate_multipart_upload("a", "a").await.map(drop),
        it.put_multipart_stream(&mut &b"a"[..], "a", 1, "a", "a").await.map(drop),
        it.put_multipart_chunk(vec![1], "a", 1, "a", "a").await.map(drop),
        it.complete_multipart_upload("a", "a", vec![]).await.map(drop),
        it.location().await.map(drop),
        it.delete_object("a").await.map(drop),
        it.head_object("a").await.map(drop),
        it.put_object_with_content_type("a", b"a", "a").await.map(drop),
        it.put_object_with_content_type_and_headers("a", b"a", "a", None).await.map(drop),
        it.put_object_with_headers("a", b"a", None).await.map(drop),
        it.put_object("a", b"a").await.map(drop),
        it.put_object_tagging("a", &[("a", "b")]).await.map(drop),
        it.delete_object_tagging("a").await.map(drop),
        it.get_object_tagging("a").await.map(drop),
        it.list_page(String::new(), None, None, None, None).await.map(drop),
        it.list(String::new(), None).await.map(drop),
        it.list_multiparts_uploads_page(None, None, None, None).await.map(drop),
        it.list_multiparts_uploads(None, None).await.map(drop),
        it.abort_upload("a", "a").await.map(drop),
    ]
}

#[test]
fn a_bucket_has_one_circuit() {
    let time = freeze();
    let snapshot = || find("clients: bucket").unwrap().snapshot();
    let up = ready(Bucket::create("photos", Region("eu"))).unwrap();
    let down = Bucket { up: false, ..(*up).clone() };
    let answers = ready(ask_all(&up));
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!((answers.len() as u64, 0), (snapshot().successes, snapshot().failures));

    let answers = ready(ask_all(&down));
    let rejected = answers.iter().filter(|it| matches!(it, Err(S3Error::Open(_)))).count();
    assert_eq!(answers.len() - 2, rejected);
    assert_eq!((2, State::Open), (snapshot().failures, snapshot().state));

    // What is made here goes on, and is no success of the service.
    let presigned = [
        ready(up.presign_get("a", 60, None)).unwrap(),
        ready(up.presign_put("a", 60, None)).unwrap(),
        ready(up.presign_delete("a", 60)).unwrap(),
        ready(up.presign_post(PostPolicy("a?60"))).unwrap(),
    ];
    assert_eq!(["a?60"; 4].map(str::to_owned), presigned);
    let mut styled = *up.with_path_style();
    styled.add_header("a", "b");
    styled.set_request_timeout(Some(secs(1)));
    assert_eq!(("https://eu.example", true), (&*styled.url(), styled.is_path_style()));
    let styled = styled.with_extra_query(Query::new()).unwrap();
    assert_eq!((1, Some(secs(1))), (styled.extra_headers().0.len(), styled.request_timeout()));
    assert_eq!("https://photos.eu.example", up.url());

    time.advance(secs(10));
    assert!(
        ready(up.put_object_stream(&mut &b"pixels"[..], "a")).is_ok(),
        "one probe of five calls"
    );
    assert_eq!(State::Closed, snapshot().state);
}
