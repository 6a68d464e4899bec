//! A database through sqlx: its error code (SQLSTATE) says whether the database failed, or answered that it won't.
//!
//! With sqlx 0.8, which builds on Rust 1.85; 0.9 needs Rust 1.94. The server is a stand-in that speaks as
//! much of Postgres' protocol as this needs.
//!
//! ```text
//! cargo run -p ecosystem --example sqlx_client    # at once
//! ```

use std::io;
use std::time::Duration;

use circuit_runtime::{CircuitOpenError, Classify, Outcome, circuit_breaker, find, sql_state};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgSslMode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("rejected: {0}")]
    Rejected(#[from] CircuitOpenError),
    #[error("{0}")]
    Sql(#[from] sqlx::Error),
}

impl Classify for Error {
    fn outcome(&self) -> Outcome {
        use sqlx::Error as Sql;
        let error = match self {
            Error::Rejected(error) => return error.outcome(),
            Error::Sql(error) => error,
        };
        match error {
            Sql::Database(error) => error.code().map_or(Outcome::Failure, |code| sql_state(&code)),
            // A pool without a free connection is how a database that hangs looks from here.
            Sql::Io(_)
            | Sql::Tls(_)
            | Sql::Protocol(_)
            | Sql::PoolTimedOut
            | Sql::WorkerCrashed => Outcome::Failure,
            // Made on this side.
            Sql::Configuration(_) | Sql::Encode(_) | Sql::PoolClosed => Outcome::Ignored,
            // A missing row, a column of another type: the database answered.
            _ => Outcome::Success,
        }
    }
}

#[circuit_breaker(name = "database", threshold = 3, classify = circuit_runtime::by_error)]
async fn run(pool: &PgPool, sql: &str) -> Result<u64, Error> {
    Ok(sqlx::raw_sql(sql).execute(pool).await?.rows_affected())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let options = PgConnectOptions::new_without_pgpass()
        .host("127.0.0.1")
        .port(listener.local_addr()?.port())
        .username("shop")
        .ssl_mode(PgSslMode::Disable);
    let server = tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await?;
            tokio::spawn(speak_postgres(socket));
        }
        #[allow(unreachable_code, reason = "the type of the task's errors")]
        io::Result::Ok(())
    });
    let pool = PgPoolOptions::new()
        .max_connections(2)
        // Shorter than callers wait.
        .acquire_timeout(Duration::from_millis(500))
        .connect_lazy_with(options);

    println!("the stand-in fails with the code that it is given:");
    for sql in ["00000", "23505", "40001", "53300", "57P01", "08006", "00000"] {
        match run(&pool, sql).await {
            Ok(_) => println!("  {sql}: done"),
            Err(error) => println!("  {sql}: {:?}: {error}", error.outcome()),
        }
    }
    println!("{}", find("database").ok_or("no call")?.snapshot());
    find("database").ok_or("no call")?.reset();

    server.abort();
    let _ = server.await;
    pool.close().await;
    let error = run(&pool, "00000").await.err().ok_or("the pool is closed")?;
    println!("  closed: {:?}: {error}", error.outcome());
    Ok(())
}

/// A connection whose queries are the SQLSTATE to answer with.
async fn speak_postgres(mut socket: TcpStream) -> io::Result<()> {
    const READY: &[u8] = b"Z\0\0\0\x05I";
    read_message(&mut socket).await?; // who the client is
    socket.write_all(b"R\0\0\0\x08\0\0\0\0").await?; // welcome
    socket.write_all(READY).await?;
    loop {
        match socket.read_u8().await? {
            b'Q' => {
                let sql = read_message(&mut socket).await?;
                let code = String::from_utf8_lossy(&sql).trim_end_matches('\0').to_owned();
                let (kind, fields) = if code == "00000" {
                    (b'C', "SELECT 0\0".to_owned())
                } else {
                    (b'E', format!("SERROR\0VERROR\0C{code}\0Mcode {code}\0\0"))
                };
                socket.write_u8(kind).await?;
                socket
                    .write_u32(u32::try_from(fields.len() + 4).map_err(io::Error::other)?)
                    .await?;
                socket.write_all(fields.as_bytes()).await?;
            }
            b'X' => return Ok(()),
            // Sync, which the pool sends when it gets a connection back.
            _ => drop(read_message(&mut socket).await?),
        }
        socket.write_all(READY).await?;
    }
}

/// A length, which counts itself, and so many bytes.
async fn read_message(socket: &mut TcpStream) -> io::Result<Vec<u8>> {
    let length = socket.read_u32().await? as usize;
    let mut message = vec![0; length.saturating_sub(4)];
    socket.read_exact(&mut message).await?;
    Ok(message)
}
