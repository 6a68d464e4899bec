//! A REST client: that of the search service Meilisearch, with builders, getters, and methods that call
//! each other.

use std::time::Duration;

use circuit_runtime::test_util::freeze;
use circuit_runtime::{State, circuit_breaker, find};

use super::{Error, Reply};
use crate::support::{ready, secs};

trait HttpClient: Clone {
    async fn send(&self, method: &str, path: &str) -> Result<Reply, Error>;
}

#[derive(Clone)]
struct Memory {
    up: bool,
}

impl HttpClient for Memory {
    async fn send(&self, method: &str, path: &str) -> Result<Reply, Error> {
        assert!(["DELETE", "GET", "PATCH", "POST"].contains(&method) && path.starts_with('/'));
        Reply::from_service(self.up)
    }
}

struct Client<Http> {
    host: String,
    api_key: Option<String>,
    http_client: Http,
}

macro_rules! types {
    ($($name:ident)*) => { $(#[derive(Default)] struct $name;)* };
}
types! {
    Value IndexesQuery KeyBuilder KeyUpdater KeysQuery MultiSearchResponse NetworkUpdate SwapIndexes
    TasksQuery WebhookCreate WebhookUpdate
}
type TaskInfo = Reply;

struct Index<Http> {
    uid: String,
    client: Client<Http>,
}

struct MultiSearchQuery<'a, Http> {
    client: &'a Client<Http>,
    queries: Vec<String>,
}

impl<Http: HttpClient> MultiSearchQuery<'_, Http> {
    fn with_search_query(&mut self, query: &str) -> &mut Self {
        self.queries.push(query.to_owned());
        self
    }

    async fn execute(&self) -> Result<MultiSearchResponse, Error> {
        self.client.execute_multi_search_query(self).await
    }
}

#[rustfmt::skip] // A line for each method.
#[circuit_breaker(name = "clients: search", threshold = 2, recovery = "10s", ignore = Err(Error::BadRequest))]
impl<Http: HttpClient> Client<Http> {
    pub fn new_with_client(host: impl Into<String>, api_key: Option<impl Into<String>>, http_client: Http) -> Client<Http> {
        Client { host: host.into(), api_key: api_key.map(Into::into), http_client }
    }
    pub fn new(host: &str, http_client: Http) -> Result<Client<Http>, Error> { Ok(Self::new_with_client(host, None::<String>, http_client)) }
    #[circuit_breaker(skip)]
    fn parse_indexes_results_from_value(&self, _: &Value) -> Result<Vec<Index<Http>>, Error> { Ok(vec![self.index("movies")]) }
    pub async fn execute_multi_search_query(&self, body: &MultiSearchQuery<'_, Http>) -> Result<MultiSearchResponse, Error> {
        if body.queries.is_empty() { return Err(Error::BadRequest); }
        self.http_client.send("POST", "/multi-search").await.map(|_| MultiSearchResponse)
    }
    pub fn multi_search(&self) -> MultiSearchQuery<'_, Http> { MultiSearchQuery { client: self, queries: Vec::new() } }
    pub fn get_host(&self) -> &str { &self.host }
    pub fn get_api_key(&self) -> Option<&str> { self.api_key.as_deref() }
    pub async fn list_all_indexes(&self) -> Result<Vec<Index<Http>>, Error> { let value = self.list_all_indexes_raw().await?; self.parse_indexes_results_from_value(&value) }
    pub async fn list_all_indexes_with(&self, query: &IndexesQuery) -> Result<Vec<Index<Http>>, Error> { let value = self.list_all_indexes_raw_with(query).await?; self.parse_indexes_results_from_value(&value) }
    pub async fn list_all_indexes_raw(&self) -> Result<Value, Error> { self.http_client.send("GET", "/indexes").await.map(|_| Value) }
    pub async fn list_all_indexes_raw_with(&self, _: &IndexesQuery) -> Result<Value, Error> { self.http_client.send("GET", "/indexes?").await.map(|_| Value) }
    pub async fn get_index(&self, uid: impl AsRef<str>) -> Result<Index<Http>, Error> { self.get_raw_index(uid.as_ref()).await.map(|_| self.index(uid.as_ref())) }
    pub async fn get_raw_index(&self, uid: impl AsRef<str>) -> Result<Value, Error> { self.http_client.send("GET", &format!("/indexes/{}", uid.as_ref())).await.map(|_| Value) }
    pub fn index(&self, uid: impl Into<String>) -> Index<Http> { Index { uid: uid.into(), client: Self::new_with_client(&self.host, self.api_key.clone(), self.http_client.clone()) } }
    pub async fn create_index(&self, uid: impl AsRef<str>, primary_key: Option<&str>) -> Result<TaskInfo, Error> { self.http_client.send("POST", &format!("/indexes/{}{primary_key:?}", uid.as_ref())).await }
    pub async fn delete_index(&self, uid: impl AsRef<str>) -> Result<TaskInfo, Error> { self.http_client.send("DELETE", &format!("/indexes/{}", uid.as_ref())).await }
    pub async fn get_indexes(&self) -> Result<Vec<Index<Http>>, Error> { self.list_all_indexes().await }
    pub async fn get_indexes_with(&self, query: &IndexesQuery) -> Result<Vec<Index<Http>>, Error> { self.list_all_indexes_with(query).await }
    pub async fn get_indexes_raw(&self) -> Result<Value, Error> { self.list_all_indexes_raw().await }
    pub async fn get_indexes_raw_with(&self, query: &IndexesQuery) -> Result<Value, Error> { self.list_all_indexes_raw_with(query).await }
    pub async fn swap_indexes(&self, indexes: impl IntoIterator<Item = &SwapIndexes>) -> Result<TaskInfo, Error> {
        if indexes.into_iter().next().is_none() { return Err(Error::BadRequest); }
        self.http_client.send("POST", "/swap-indexes").await
    }
    pub async fn get_stats(&self) -> Result<Reply, Error> { self.http_client.send("GET", "/stats").await }
    pub async fn health(&self) -> Result<Reply, Error> { self.http_client.send("GET", "/health").await }
    #[circuit_breaker(skip)]
    pub async fn is_healthy(&self) -> bool { self.health().await.is_ok() }
    pub async fn get_keys_with(&self, _: &KeysQuery) -> Result<Reply, Error> { self.http_client.send("GET", "/keys?").await }
    pub async fn get_keys(&self) -> Result<Reply, Error> { self.http_client.send("GET", "/keys").await }
    pub async fn get_key(&self, key: impl AsRef<str>) -> Result<Reply, Error> { self.http_client.send("GET", &format!("/keys/{}", key.as_ref())).await }
    pub async fn delete_key(&self, key: impl AsRef<str>) -> Result<(), Error> { self.http_client.send("DELETE", &format!("/keys/{}", key.as_ref())).await.map(drop) }
    pub async fn create_key(&self, _: impl AsRef<KeyBuilder>) -> Result<Reply, Error> { self.http_client.send("POST", "/keys").await }
    pub async fn update_key(&self, _: impl AsRef<KeyUpdater>) -> Result<Reply, Error> { self.http_client.send("PATCH", "/keys").await }
    pub async fn get_version(&self) -> Result<Reply, Error> { self.http_client.send("GET", "/version").await }
    pub async fn wait_for_task(&self, task_id: impl AsRef<u32>, interval: Option<Duration>, timeout: Option<Duration>) -> Result<Reply, Error> {
        let _ = (interval, timeout);
        for _ in 0..3 { self.get_task(&task_id).await?; }
        self.get_task(&task_id).await
    }
    pub async fn get_task(&self, task_id: impl AsRef<u32>) -> Result<Reply, Error> { self.http_client.send("GET", &format!("/tasks/{}", task_id.as_ref())).await }
    pub async fn get_tasks_with(&self, _: &TasksQuery) -> Result<Reply, Error> { self.http_client.send("GET", "/tasks?").await }
    pub async fn cancel_tasks_with(&self, _: &TasksQuery) -> Result<TaskInfo, Error> { self.http_client.send("POST", "/tasks/cancel").await }
    pub async fn delete_tasks_with(&self, _: &TasksQuery) -> Result<TaskInfo, Error> { self.http_client.send("DELETE", "/tasks").await }
    pub async fn get_tasks(&self) -> Result<Reply, Error> { self.http_client.send("GET", "/tasks").await }
    pub async fn get_batches(&self) -> Result<Reply, Error> { self.http_client.send("GET", "/batches").await }
    pub async fn get_batch(&self, uid: u32) -> Result<Reply, Error> { self.http_client.send("GET", &format!("/batches/{uid}")).await }
    #[circuit_breaker(skip)]
    pub fn generate_tenant_token(&self, api_key_uid: String, _: Value, api_key: Option<&str>) -> Result<String, Error> {
        api_key.or(self.get_api_key()).map(|key| api_key_uid + key).ok_or(Error::BadRequest)
    }
    pub async fn get_network_state(&self) -> Result<Reply, Error> { self.http_client.send("GET", "/network").await }
    pub async fn update_network_state(&self, _: &NetworkUpdate) -> Result<TaskInfo, Error> { self.http_client.send("PATCH", "/network").await }
    pub async fn set_self_remote(&self, name: &str) -> Result<TaskInfo, Error> { let _ = name; self.update_network_state(&NetworkUpdate).await }
    pub async fn set_network_leader(&self, leader: &str) -> Result<TaskInfo, Error> { let _ = leader; self.update_network_state(&NetworkUpdate).await }
    pub async fn get_webhooks(&self) -> Result<Reply, Error> { self.http_client.send("GET", "/webhooks").await }
    pub async fn get_webhook(&self, uuid: impl AsRef<str>) -> Result<Reply, Error> { self.http_client.send("GET", &format!("/webhooks/{}", uuid.as_ref())).await }
    pub async fn create_webhook(&self, _: &WebhookCreate) -> Result<Reply, Error> { self.http_client.send("POST", "/webhooks").await }
    pub async fn update_webhook(&self, uuid: impl AsRef<str>, _: &WebhookUpdate) -> Result<Reply, Error> { self.http_client.send("PATCH", &format!("/webhooks/{}", uuid.as_ref())).await }
    pub async fn delete_webhook(&self, uuid: impl AsRef<str>) -> Result<(), Error> { self.http_client.send("DELETE", &format!("/webhooks/{}", uuid.as_ref())).await.map(drop) }
}

impl AsRef<KeyBuilder> for KeyBuilder {
    fn as_ref(&self) -> &KeyBuilder {
        self
    }
}

impl AsRef<KeyUpdater> for KeyUpdater {
    fn as_ref(&self) -> &KeyUpdater {
        self
    }
}

struct TaskId(u32);

impl AsRef<u32> for TaskId {
    fn as_ref(&self) -> &u32 {
        &self.0
    }
}

fn client(up: bool) -> Client<Memory> {
    Client::new("search.example", Memory { up }).unwrap()
}

/// Every method that asks the service, once: successes, or errors.
async fn ask_all(it: &Client<Memory>) -> Vec<Result<(), Error>> {
    let mut query = it.multi_search();
    query.with_search_query("mug");
    vec![
        query.execute().await.map(drop),
        it.list_all_indexes().await.map(|all| assert_eq!(all[0].uid, "movies")),
        it.list_all_indexes_with(&IndexesQuery).await.map(drop),
        it.get_index("a").await.map(|index| assert_eq!(index.client.get_host(), it.get_host())),
        it.create_index("a", Some("id")).await.map(drop),
        it.delete_index("a").await.map(drop),
        it.get_indexes().await.map(drop),
        it.get_indexes_with(&IndexesQuery).await.map(drop),
        it.get_indexes_raw().await.map(drop),
        it.get_indexes_raw_with(&IndexesQuery).await.map(drop),
        it.swap_indexes([&SwapIndexes]).await.map(drop),
        it.get_stats().await.map(drop),
        it.health().await.map(drop),
        it.get_keys_with(&KeysQuery).await.map(drop),
        it.get_keys().await.map(drop),
        it.get_key("k").await.map(drop),
        it.delete_key("k").await,
        it.create_key(KeyBuilder).await.map(drop),
        it.update_key(KeyUpdater).await.map(drop),
        it.get_version().await.map(drop),
        it.wait_for_task(TaskId(1), None, Some(secs(1))).await.map(drop),
        it.get_tasks_with(&TasksQuery).await.map(drop),
        it.cancel_tasks_with(&TasksQuery).await.map(drop),
        it.delete_tasks_with(&TasksQuery).await.map(drop),
        it.get_tasks().await.map(drop),
        it.get_batches().await.map(drop),
        it.get_batch(1).await.map(drop),
        it.get_network_state().await.map(drop),
        it.set_self_remote("a").await.map(drop),
        it.set_network_leader("a").await.map(drop),
        it.get_webhooks().await.map(drop),
        it.get_webhook("w").await.map(drop),
        it.create_webhook(&WebhookCreate).await.map(drop),
        it.update_webhook("w", &WebhookUpdate).await.map(drop),
        it.delete_webhook("w").await,
    ]
}

#[test]
fn a_rest_client_has_one_circuit() {
    let time = freeze();
    let snapshot = || find("clients: search").unwrap().snapshot();
    let (up, down) = (client(true), client(false));
    let answers = ready(ask_all(&up));
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!((answers.len() as u64, 0), (snapshot().successes, snapshot().failures));

    let answers = ready(ask_all(&down));
    let rejected = answers.iter().filter(|it| matches!(it, Err(Error::Open(_)))).count();
    assert_eq!(answers.len() - 2, rejected);
    assert_eq!((2, State::Open), (snapshot().failures, snapshot().state));

    // What asks nobody goes on; what was skipped is what it calls.
    assert_eq!(("search.example", None), (up.get_host(), up.get_api_key()));
    assert!(up.generate_tenant_token("uid".to_owned(), Value, Some("key")).is_ok());
    assert!(!ready(up.is_healthy()));
    time.advance(secs(10));
    assert!(ready(up.is_healthy()), "the probe");
    assert!(ready(up.swap_indexes([])).is_err());
    assert_eq!((1, State::Closed), (snapshot().ignored, snapshot().state));
}
