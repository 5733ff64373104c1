//! Handshakes of a cluster over real sockets.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::{ClusterRoots, client_config, joining_config, server_config};
use crate::authority::{
    API_NAME, Authority, COLLECTOR_NAME, LIFETIME, NewKey, SCHEDULER_NAME, SigningRequest,
};
use crate::certificate::{CertificateFacts, Subject};
use crate::identity::Identity;
use crate::pin::Pin;
use crate::role::Role;
use crate::tls::problem::stream_problem;

const HOUR: Duration = Duration::from_secs(3600);

fn authority() -> Authority {
    Authority::generate(SystemTime::now()).unwrap()
}

fn roots(authority: &Authority) -> ClusterRoots {
    ClusterRoots::new(&[authority.certificate().clone()]).unwrap()
}

/// A key with the certificates that its owner shows.
fn issued_at(authority: &Authority, role: Role, now: SystemTime) -> (String, Vec<CertificateDer<'static>>) {
    let key = NewKey::generate().unwrap();
    let request = SigningRequest::from_der(key.request()).unwrap();
    let subject = Subject {
        role,
        name: "one".to_owned(),
    };
    let leaf = authority.issue(&request, &subject, LIFETIME, now).unwrap();
    (key.key_pem(), vec![leaf, authority.certificate().clone()])
}

fn identity(authority: &Authority, role: Role) -> Arc<Identity> {
    identity_at(authority, role, SystemTime::now())
}

fn identity_at(authority: &Authority, role: Role, now: SystemTime) -> Arc<Identity> {
    let (key, chain) = issued_at(authority, role, now);
    Arc::new(Identity::new(&key, chain).unwrap())
}

/// A server that demands certificates.
fn demanding(authority: &Authority, identity: Arc<Identity>) -> ServerConfig {
    server_config(identity, Some(roots(authority)), &[b"h2"]).unwrap()
}

fn client(authority: &Authority, identity: Option<Arc<Identity>>) -> ClientConfig {
    client_config(roots(authority), identity, &[b"h2"]).unwrap()
}

/// Who the server saw, and what each end said if it failed.
async fn shake(
    server: ServerConfig,
    client: ClientConfig,
    name: &str,
) -> (Result<Option<Pin>, String>, Result<(), String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = async {
        let (stream, _) = listener.accept().await.unwrap();
        let mut tls = TlsAcceptor::from(Arc::new(server))
            .accept(stream)
            .await
            .map_err(|error| stream_problem(&error, None))?;
        let certificates = tls.get_ref().1.peer_certificates();
        let seen = certificates.map(|sent| CertificateFacts::read(&sent[0]).unwrap().pin);
        tls.write_all(b"x").await.unwrap();
        tls.shutdown().await.unwrap();
        Ok(seen)
    };
    let asking = async {
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        let problem = |error| stream_problem(&error, None);
        let mut tls = TlsConnector::from(Arc::new(client))
            .connect(name, stream)
            .await
            .map_err(problem)?;
        tls.read_u8().await.map(drop).map_err(problem)
    };
    tokio::join!(serving, asking)
}

#[tokio::test]
async fn members_of_a_cluster_know_each_other() {
    let authority = authority();
    for (server, name) in [
        (Role::Scheduler, SCHEDULER_NAME),
        (Role::Collector, COLLECTOR_NAME),
    ] {
        for role in Role::ALL {
            let own = identity(&authority, role);
            let pin = own.facts().pin;
            let (seen, heard) = shake(
                demanding(&authority, identity(&authority, server)),
                client(&authority, Some(own)),
                name,
            )
            .await;
            assert_eq!((seen, heard), (Ok(Some(pin)), Ok(())), "{role} at {name}");
        }
    }
    let open = server_config(identity(&authority, Role::Scheduler), None, &[]).unwrap();
    let (seen, heard) = shake(open, client(&authority, None), API_NAME).await;
    assert_eq!((seen, heard), (Ok(None), Ok(())), "people need no certificate");
}

#[tokio::test]
async fn strangers_are_refused() {
    let (ours, theirs) = (authority(), authority());
    let scheduler = || demanding(&ours, identity(&ours, Role::Scheduler));
    let (seen, heard) = shake(scheduler(), client(&ours, None), SCHEDULER_NAME).await;
    assert!(seen.is_err());
    let says = heard.unwrap_err();
    assert!(says.contains("demands a certificate"), "{says}");
    let stranger = Some(identity(&theirs, Role::Agent));
    let (seen, heard) = shake(scheduler(), client(&ours, stranger), SCHEDULER_NAME).await;
    let (server_says, says) = (seen.unwrap_err(), heard.unwrap_err());
    assert!(server_says.contains("not from this cluster's"), "{server_says}");
    assert!(says.contains("does not know the certificate authority"), "{says}");
    let (_, heard) = shake(
        scheduler(),
        client(&theirs, Some(identity(&theirs, Role::Agent))),
        SCHEDULER_NAME,
    )
    .await;
    let says = heard.unwrap_err();
    assert!(says.contains("not from this cluster's"), "{says}");
}

#[tokio::test]
async fn servers_have_the_role_that_their_clients_ask_for() {
    let authority = authority();
    let agent = || client(&authority, Some(identity(&authority, Role::Agent)));
    for (server, name, expected) in [
        (Role::Scheduler, COLLECTOR_NAME, "for another role"),
        (Role::Collector, SCHEDULER_NAME, "for another role"),
        (Role::Collector, API_NAME, "for another role"),
        (Role::Agent, SCHEDULER_NAME, "server authentication"),
        (Role::Admin, API_NAME, "server authentication"),
        (Role::Scheduler, "localhost", "for another role"),
    ] {
        let (_, heard) = shake(demanding(&authority, identity(&authority, server)), agent(), name).await;
        let says = heard.unwrap_err();
        assert!(says.contains(expected), "{server} as {name}: {says}");
    }
}

#[tokio::test]
async fn both_ends_look_at_the_time() {
    let authority = authority();
    let now = SystemTime::now();
    for (at, of_server, of_client) in [
        (now + 2 * HOUR, "is valid from", "is not valid now"),
        (now - LIFETIME - HOUR, "was valid until", "is not valid now"),
    ] {
        let (_, heard) = shake(
            demanding(&authority, identity_at(&authority, Role::Scheduler, at)),
            client(&authority, Some(identity(&authority, Role::Agent))),
            SCHEDULER_NAME,
        )
        .await;
        let says = heard.unwrap_err();
        assert!(says.contains(of_server), "{says}");
        let (_, heard) = shake(
            demanding(&authority, identity(&authority, Role::Scheduler)),
            client(&authority, Some(identity_at(&authority, Role::Agent, at))),
            SCHEDULER_NAME,
        )
        .await;
        let says = heard.unwrap_err();
        assert!(says.contains(of_client), "{says}");
    }
    // A certificate is dated back: a clock that is behind by less than an hour does not matter.
    let soon = identity_at(&authority, Role::Scheduler, now + HOUR - Duration::from_secs(60));
    let agent = client(&authority, Some(identity(&authority, Role::Agent)));
    let (_, heard) = shake(demanding(&authority, soon), agent, SCHEDULER_NAME).await;
    assert_eq!(heard, Ok(()));
}

#[tokio::test]
async fn a_host_that_joins_trusts_the_pin_alone() {
    let (ours, theirs) = (authority(), authority());
    let serve = |identity| server_config(identity, None, &[]).unwrap();
    let joining = |pin| joining_config(pin, &[]).unwrap();
    let real = || serve(identity(&ours, Role::Scheduler));
    let (_, heard) = shake(real(), joining(ours.pin()), API_NAME).await;
    assert_eq!(heard, Ok(()));
    let (_, heard) = shake(real(), joining(theirs.pin()), API_NAME).await;
    assert!(heard.is_err());
    // It sends the real authority along, which did not issue its certificate.
    let (key, mut chain) = issued_at(&theirs, Role::Scheduler, SystemTime::now());
    chain.push(ours.certificate().clone());
    let impostor = serve(Arc::new(Identity::new(&key, chain).unwrap()));
    let (_, heard) = shake(impostor, joining(ours.pin()), API_NAME).await;
    assert!(heard.is_err());
    let (_, heard) = shake(serve(identity(&ours, Role::Agent)), joining(ours.pin()), API_NAME).await;
    assert!(heard.is_err(), "an agent is no scheduler");
}

#[tokio::test]
async fn a_new_authority_is_trusted_by_those_who_know_the_old_one() {
    let (old, new) = (authority(), authority());
    let (key, mut chain) = issued_at(&new, Role::Scheduler, SystemTime::now());
    let scheduler = Identity::new(&key, chain.clone()).unwrap();
    let agent = || Some(identity(&old, Role::Agent));
    let trusting = ClusterRoots::new(&[old.certificate().clone(), new.certificate().clone()]).unwrap();
    let serve = |identity| server_config(identity, Some(trusting.clone()), &[]).unwrap();
    let (_, heard) = shake(serve(Arc::new(scheduler)), client(&old, agent()), SCHEDULER_NAME).await;
    assert!(heard.is_err(), "the new authority alone is unknown");
    chain.push(old.cross_sign(&new, SystemTime::now()).unwrap());
    chain.push(old.certificate().clone());
    let scheduler = Arc::new(Identity::new(&key, chain).unwrap());
    let (_, heard) = shake(
        serve(Arc::clone(&scheduler)),
        client(&old, agent()),
        SCHEDULER_NAME,
    )
    .await;
    assert_eq!(heard, Ok(()));
    let (_, heard) = shake(
        serve(Arc::clone(&scheduler)),
        client(&new, Some(identity(&new, Role::Agent))),
        SCHEDULER_NAME,
    )
    .await;
    assert_eq!(heard, Ok(()));
    for pin in [old.pin(), new.pin()] {
        let (_, heard) = shake(
            server_config(Arc::clone(&scheduler), None, &[]).unwrap(),
            joining_config(pin, &[]).unwrap(),
            API_NAME,
        )
        .await;
        assert_eq!(heard, Ok(()), "a line from before or after");
    }
    // Once the exchange is finished, the old authority's certificates are strangers'.
    trusting.replace(&[new.certificate().clone()]).unwrap();
    let (seen, _) = shake(serve(scheduler), client(&old, agent()), SCHEDULER_NAME).await;
    assert!(seen.is_err());
}

#[tokio::test]
async fn a_certificate_is_exchanged_under_its_owner() {
    let authority = authority();
    let own = identity(&authority, Role::Agent);
    let first = own.facts().pin;
    let config = client(&authority, Some(Arc::clone(&own)));
    let scheduler = || demanding(&authority, identity(&authority, Role::Scheduler));
    let (seen, _) = shake(scheduler(), config.clone(), SCHEDULER_NAME).await;
    assert_eq!(seen, Ok(Some(first)));
    let (key, chain) = issued_at(&authority, Role::Agent, SystemTime::now());
    let (other_key, _) = issued_at(&authority, Role::Agent, SystemTime::now());
    assert!(own.replace(&other_key, chain.clone()).is_err());
    assert_eq!(own.facts().pin, first, "a wrong pair changes nothing");
    own.replace(&key, chain).unwrap();
    let second = own.facts().pin;
    let (seen, _) = shake(scheduler(), config, SCHEDULER_NAME).await;
    assert_eq!(seen, Ok(Some(second)));
    assert_ne!(first, second);
    let until = own.facts().valid_until;
    let left = until.duration_since(own.renew_at()).unwrap();
    assert_eq!(left.as_secs(), (LIFETIME + HOUR).as_secs() / 3);
}
