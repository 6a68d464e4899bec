//! A gRPC client: that of the key-value store etcd, whose methods take `&mut self`, and which hands out
//! clients for parts of the service.

use std::sync::Arc;

use circuit_runtime::test_util::freeze;
use circuit_runtime::{State, circuit_breaker, find};

use super::Error;
use crate::support::{ready, secs};

type Result<T> = std::result::Result<T, Error>;

macro_rules! types {
    ($($name:ident)*) => { $(#[derive(Default)] struct $name;)* };
}
types! {
    AlarmAction AlarmOptions AlarmResponse AlarmType AuthDisableResponse AuthEnableResponse
    CampaignResponse CompactionOptions CompactionResponse DefragmentResponse DeleteOptions
    DeleteResponse GetOptions GetResponse HashKvResponse HashResponse LeaderResponse
    LeaseGrantOptions LeaseGrantResponse LeaseKeepAliveStream LeaseKeeper LeaseLeasesResponse
    LeaseRevokeResponse LeaseTimeToLiveOptions LeaseTimeToLiveResponse LockOptions LockResponse
    MemberAddOptions MemberAddResponse MemberListResponse MemberPromoteResponse
    MemberRemoveResponse MemberUpdateResponse MoveLeaderResponse ObserveStream Permission
    ProclaimOptions ProclaimResponse PutOptions PutResponse ResignOptions ResignResponse
    RoleAddResponse RoleDeleteResponse RoleGetResponse RoleGrantPermissionResponse
    RoleListResponse RoleRevokePermissionOptions RoleRevokePermissionResponse SnapshotStreaming
    StatusResponse Txn TxnResponse UnlockResponse UserAddOptions UserAddResponse
    UserChangePasswordResponse UserDeleteResponse UserGetResponse UserGrantRoleResponse
    UserListResponse UserRevokeRoleResponse WatchOptions WatchStream MetadataValue
}

#[derive(Clone)]
struct Channel {
    up: Arc<bool>,
}

struct SubClient {
    channel: Channel,
}

struct Client {
    channel: Channel,
}

/// What the service answers.
impl Client {
    async fn ask<T: Default>(&self) -> Result<T> {
        if *self.channel.up { Ok(T::default()) } else { Err(Error::NoAnswer) }
    }
}

#[rustfmt::skip] // A line for each method.
#[circuit_breaker(name = "clients: key-value", threshold = 3, recovery = "10s")]
impl Client {
    pub async fn connect<E: AsRef<str>, S: AsRef<[E]>>(endpoints: S, up: bool) -> Result<Self> {
        Self::from_channel(Channel { up: Arc::new(up && !endpoints.as_ref().is_empty()) }).await
    }
    pub async fn from_channel(channel: Channel) -> Result<Self> { Ok(Client { channel }) }
    pub async fn add_endpoint(&self, endpoint: impl AsRef<str>) -> Result<()> { let _ = endpoint; self.ask().await }
    pub async fn remove_endpoint(&self, endpoint: impl AsRef<str>) -> Result<()> { let _ = endpoint; self.ask().await }
    pub async fn put(&mut self, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>, options: Option<PutOptions>) -> Result<PutResponse> { let _ = (key, value, options); self.ask().await }
    pub async fn get(&mut self, key: impl Into<Vec<u8>>, options: Option<GetOptions>) -> Result<GetResponse> { let _ = (key, options); self.ask().await }
    pub async fn delete(&mut self, key: impl Into<Vec<u8>>, options: Option<DeleteOptions>) -> Result<DeleteResponse> { let _ = (key, options); self.ask().await }
    pub async fn compact(&mut self, revision: i64, options: Option<CompactionOptions>) -> Result<CompactionResponse> { let _ = (revision, options); self.ask().await }
    pub async fn txn(&mut self, txn: Txn) -> Result<TxnResponse> { let _ = txn; self.ask().await }
    pub async fn watch(&mut self, key: impl Into<Vec<u8>>, options: Option<WatchOptions>) -> Result<WatchStream> { let _ = (key, options); self.ask().await }
    pub async fn lease_grant(&mut self, ttl: i64, options: Option<LeaseGrantOptions>) -> Result<LeaseGrantResponse> { let _ = (ttl, options); self.ask().await }
    pub async fn lease_revoke(&mut self, id: i64) -> Result<LeaseRevokeResponse> { let _ = id; self.ask().await }
    pub async fn lease_keep_alive(&mut self, id: i64) -> Result<(LeaseKeeper, LeaseKeepAliveStream)> { let _ = id; self.ask().await }
    pub async fn lease_time_to_live(&mut self, id: i64, options: Option<LeaseTimeToLiveOptions>) -> Result<LeaseTimeToLiveResponse> { let _ = (id, options); self.ask().await }
    pub async fn leases(&mut self) -> Result<LeaseLeasesResponse> { self.ask().await }
    pub async fn lock(&mut self, name: impl Into<Vec<u8>>, options: Option<LockOptions>) -> Result<LockResponse> { let _ = (name, options); self.ask().await }
    pub async fn unlock(&mut self, key: impl Into<Vec<u8>>) -> Result<UnlockResponse> { let _ = key; self.ask().await }
    pub async fn auth_enable(&mut self) -> Result<AuthEnableResponse> { self.ask().await }
    pub async fn auth_disable(&mut self) -> Result<AuthDisableResponse> { self.ask().await }
    pub async fn role_add(&mut self, name: impl Into<String>) -> Result<RoleAddResponse> { let _ = name; self.ask().await }
    pub async fn role_delete(&mut self, name: impl Into<String>) -> Result<RoleDeleteResponse> { let _ = name; self.ask().await }
    pub async fn role_get(&mut self, name: impl Into<String>) -> Result<RoleGetResponse> { let _ = name; self.ask().await }
    pub async fn role_list(&mut self) -> Result<RoleListResponse> { self.ask().await }
    pub async fn role_grant_permission(&mut self, name: impl Into<String>, perm: Permission) -> Result<RoleGrantPermissionResponse> { let _ = (name, perm); self.ask().await }
    pub async fn role_revoke_permission(&mut self, name: impl Into<String>, key: impl Into<Vec<u8>>, options: Option<RoleRevokePermissionOptions>) -> Result<RoleRevokePermissionResponse> { let _ = (name, key, options); self.ask().await }
    pub async fn user_add(&mut self, name: impl Into<String>, password: impl Into<String>, options: Option<UserAddOptions>) -> Result<UserAddResponse> { let _ = (name, password, options); self.ask().await }
    pub async fn user_get(&mut self, name: impl Into<String>) -> Result<UserGetResponse> { let _ = name; self.ask().await }
    pub async fn user_list(&mut self) -> Result<UserListResponse> { self.ask().await }
    pub async fn user_delete(&mut self, name: impl Into<String>) -> Result<UserDeleteResponse> { let _ = name; self.ask().await }
    pub async fn user_change_password(&mut self, name: impl Into<String>, password: impl Into<String>) -> Result<UserChangePasswordResponse> { let _ = (name, password); self.ask().await }
    pub async fn user_grant_role(&mut self, user: impl Into<String>, role: impl Into<String>) -> Result<UserGrantRoleResponse> { let _ = (user, role); self.ask().await }
    pub async fn user_revoke_role(&mut self, user: impl Into<String>, role: impl Into<String>) -> Result<UserRevokeRoleResponse> { let _ = (user, role); self.ask().await }
    pub async fn alarm(&mut self, alarm_action: AlarmAction, alarm_type: AlarmType, options: Option<AlarmOptions>) -> Result<AlarmResponse> { let _ = (alarm_action, alarm_type, options); self.ask().await }
    pub async fn status(&mut self) -> Result<StatusResponse> { self.ask().await }
    pub async fn defragment(&mut self) -> Result<DefragmentResponse> { self.ask().await }
    pub async fn hash(&mut self) -> Result<HashResponse> { self.ask().await }
    pub async fn hash_kv(&mut self, revision: i64) -> Result<HashKvResponse> { let _ = revision; self.ask().await }
    pub async fn snapshot(&mut self) -> Result<SnapshotStreaming> { self.ask().await }
    pub async fn member_add(&mut self, urls: impl AsRef<[String]>, options: Option<MemberAddOptions>) -> Result<MemberAddResponse> { let _ = (urls, options); self.ask().await }
    pub async fn member_remove(&mut self, id: u64) -> Result<MemberRemoveResponse> { let _ = id; self.ask().await }
    pub async fn member_update(&mut self, id: u64, url: impl Into<Vec<String>>) -> Result<MemberUpdateResponse> { let _ = (id, url); self.ask().await }
    pub async fn member_promote(&mut self, id: u64) -> Result<MemberPromoteResponse> { let _ = id; self.ask().await }
    pub async fn member_list(&mut self) -> Result<MemberListResponse> { self.ask().await }
    pub async fn move_leader(&mut self, target_id: u64) -> Result<MoveLeaderResponse> { let _ = target_id; self.ask().await }
    pub async fn campaign(&mut self, name: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>, lease: i64) -> Result<CampaignResponse> { let _ = (name, value, lease); self.ask().await }
    pub async fn proclaim(&mut self, value: impl Into<Vec<u8>>, options: Option<ProclaimOptions>) -> Result<ProclaimResponse> { let _ = (value, options); self.ask().await }
    pub async fn leader(&mut self, name: impl Into<Vec<u8>>) -> Result<LeaderResponse> { let _ = name; self.ask().await }
    pub async fn observe(&mut self, name: impl Into<Vec<u8>>) -> Result<ObserveStream> { let _ = name; self.ask().await }
    pub async fn resign(&mut self, option: Option<ResignOptions>) -> Result<ResignResponse> { let _ = option; self.ask().await }
    async fn do_authenticate(&self, user: String, password: String) -> Result<MetadataValue> { let _ = (user, password); self.ask().await }
    pub async fn refresh_token(&self) -> Result<()> { self.do_authenticate("root".to_owned(), String::new()).await.map(drop) }
    pub async fn update_user(&mut self, user: Option<(String, String)>) -> Result<()> { match user { Some((name, password)) => self.do_authenticate(name, password).await.map(drop), None => self.refresh_token().await } }
    pub fn kv_client(&self) -> SubClient { SubClient { channel: self.channel.clone() } }
    pub fn watch_client(&self) -> SubClient { SubClient { channel: self.channel.clone() } }
    pub fn lease_client(&self) -> SubClient { SubClient { channel: self.channel.clone() } }
    pub fn auth_client(&self) -> SubClient { SubClient { channel: self.channel.clone() } }
    pub fn maintenance_client(&self) -> SubClient { SubClient { channel: self.channel.clone() } }
    pub fn cluster_client(&self) -> SubClient { SubClient { channel: self.channel.clone() } }
    pub fn lock_client(&self) -> SubClient { SubClient { channel: self.channel.clone() } }
    pub fn election_client(&self) -> SubClient { SubClient { channel: self.channel.clone() } }
}

/// Every method that asks the service, once: successes, or errors.
async fn ask_all(it: &mut Client) -> Vec<Result<()>> {
    vec![
        it.add_endpoint("a:1").await.map(drop),
        it.remove_endpoint("a:1").await.map(drop),
        it.put("a", "a", None).await.map(drop),
        it.get("a", None).await.map(drop),
        it.delete("a", None).await.map(drop),
        it.compact(1, None).await.map(drop),
        it.txn(Txn).await.map(drop),
        it.watch("a", None).await.map(drop),
        it.lease_grant(1, None).await.map(drop),
        it.lease_revoke(1).await.map(drop),
        it.lease_keep_alive(1).await.map(drop),
        it.lease_time_to_live(1, None).await.map(drop),
        it.leases().await.map(drop),
        it.lock("a", None).await.map(drop),
        it.unlock("a").await.map(drop),
        it.auth_enable().await.map(drop),
        it.auth_disable().await.map(drop),
        it.role_add("a").await.map(drop),
        it.role_delete("a").await.map(drop),
        it.role_get("a").await.map(drop),
        it.role_list().await.map(drop),
        it.role_grant_permission("a", Permission).await.map(drop),
        it.role_revoke_permission("a", "a", None).await.map(drop),
        it.user_add("a", "a", None).await.map(drop),
        it.user_get("a").await.map(drop),
        it.user_list().await.map(drop),
        it.user_delete("a").await.map(drop),
        it.user_change_password("a", "a").await.map(drop),
        it.user_grant_role("a", "a").await.map(drop),
        it.user_revoke_role("a", "a").await.map(drop),
        it.alarm(AlarmAction, AlarmType, None).await.map(drop),
        it.status().await.map(drop),
        it.defragment().await.map(drop),
        it.hash().await.map(drop),
        it.hash_kv(1).await.map(drop),
        it.snapshot().await.map(drop),
        it.member_add([], None).await.map(drop),
        it.member_remove(1).await.map(drop),
        it.member_update(1, []).await.map(drop),
        it.member_promote(1).await.map(drop),
        it.member_list().await.map(drop),
        it.move_leader(1).await.map(drop),
        it.campaign("a", "a", 1).await.map(drop),
        it.proclaim("a", None).await.map(drop),
        it.leader("a").await.map(drop),
        it.observe("a").await.map(drop),
        it.resign(None).await.map(drop),
        it.refresh_token().await.map(drop),
        it.update_user(None).await.map(drop),
    ]
}

#[test]
fn a_grpc_client_has_one_circuit() {
    let time = freeze();
    let snapshot = || find("clients: key-value").unwrap().snapshot();
    let mut up = ready(Client::connect(["a:1"], true)).unwrap();
    let mut down = ready(Client::connect(["a:1"], false)).unwrap();
    let answers = ready(ask_all(&mut up));
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!((answers.len() as u64, 0), (snapshot().successes, snapshot().failures));

    let answers = ready(ask_all(&mut down));
    let rejected = answers.iter().filter(|it| matches!(it, Err(Error::Open(_)))).count();
    assert_eq!(answers.len() - 3, rejected);
    assert_eq!((3, State::Open), (snapshot().failures, snapshot().state));
    let parts = [
        up.kv_client(),
        up.watch_client(),
        up.lease_client(),
        up.auth_client(),
        up.maintenance_client(),
        up.cluster_client(),
        up.lock_client(),
        up.election_client(),
    ];
    assert!(parts.iter().all(|part| *part.channel.up), "what asks nobody goes on");

    time.advance(secs(10));
    assert!(
        ready(up.update_user(None)).is_ok(),
        "one probe, with two calls within each other in it"
    );
    assert_eq!(State::Closed, snapshot().state);
}
