//! Who belongs to a cluster: authorities, tokens, joined keys, and the audit.

use heavy_store::{AuditEntry, AuthorityRow, ClusterState, JoinOutcome, JoinedKey, TokenRow};

use crate::bed::{Bed, rows};
use crate::data::START_WALL_NS as NOW;

const SECOND: u64 = 1_000_000_000;

fn authority(pin: &str, made_wall_ns: u64) -> AuthorityRow {
    AuthorityRow {
        pin: pin.to_owned(),
        certificate: vec![0x30, 0, 0xff],
        cross_signed: Vec::new(),
        made_wall_ns,
        retired_wall_ns: None,
    }
}

fn token(id: &str, uses_left: u64) -> TokenRow {
    TokenRow {
        id: id.to_owned(),
        hash: id.as_bytes().to_vec(),
        purpose: "join".to_owned(),
        role: "agent".to_owned(),
        uses_left,
        made_by: "home \0".to_owned(),
        made_wall_ns: NOW,
        expires_wall_ns: NOW + 900 * SECOND,
        revoked_wall_ns: None,
    }
}

fn key(pin: &str, name: &str, token: &str) -> JoinedKey {
    JoinedKey {
        pin: pin.to_owned(),
        role: "agent".to_owned(),
        name: name.to_owned(),
        token: token.to_owned(),
        address: String::new(),
        authority: "ca".to_owned(),
        joined_wall_ns: NOW + SECOND,
        valid_until_wall_ns: NOW + 86_400 * SECOND,
        revoked_wall_ns: None,
    }
}

pub(crate) async fn a_cluster_has_one_authority(bed: &Bed) {
    let store = bed.open().await;
    let other_store = bed.open().await;
    let (one, other) = (authority("one", NOW), authority("other", NOW));
    // Two processes make one at once: one of them is used by both.
    let (first, second) = tokio::join!(
        store.cluster().add_authority(&one, None),
        other_store.cluster().add_authority(&other, None)
    );
    assert!(first.unwrap() != second.unwrap());
    let table = store.cluster();
    let found = table.cluster_state(0).await.unwrap().authorities;
    let [old] = &*found else { panic!("{found:?}") };
    assert!(*old == one || *old == other, "{old:?}");
    let new = AuthorityRow {
        cross_signed: vec![1, 2],
        ..authority("new", NOW + SECOND)
    };
    assert!(!table.add_authority(&new, None).await.unwrap());
    assert!(table.add_authority(&new, Some(&old.pin)).await.unwrap());
    let third = authority("third", NOW + 2 * SECOND);
    assert!(!table.add_authority(&third, Some(&old.pin)).await.unwrap());
    table.retire_authority(&old.pin, NOW + 3 * SECOND).await.unwrap();
    table.retire_authority(&old.pin, NOW + 9 * SECOND).await.unwrap();
    let retired = AuthorityRow {
        retired_wall_ns: Some(NOW + 3 * SECOND),
        ..old.clone()
    };
    let found = table.cluster_state(0).await.unwrap().authorities;
    assert_eq!(found, [retired, new]);
    assert!(table.add_authority(&third, Some("new")).await.unwrap());
}

pub(crate) async fn tokens_expire_and_are_revoked(bed: &Bed) {
    let store = bed.open().await;
    let table = store.cluster();
    assert_eq!(table.cluster_state(0).await.unwrap(), ClusterState::default());
    let bearer = TokenRow {
        purpose: "bearer".to_owned(),
        ..token("bearer", 1)
    };
    for made in [token("twice", 2), token("revoked", 1), bearer] {
        table.add_token(&made, 0).await.unwrap();
    }
    assert!(table.revoke("revoked", NOW).await.unwrap());
    assert!(!table.revoke("revoked", NOW + 1).await.unwrap(), "once is enough");
    assert!(!table.revoke("no-such", NOW).await.unwrap());
    let outcome = async |key: JoinedKey| table.join(&key).await.unwrap();
    for wrong in [
        key("p", "a", "no-such"),
        key("p", "a", "revoked"),
        key("p", "a", "bearer"),
        JoinedKey {
            role: "admin".to_owned(),
            ..key("p", "a", "twice")
        },
        JoinedKey {
            joined_wall_ns: NOW + 900 * SECOND,
            ..key("p", "a", "twice")
        },
    ] {
        assert_eq!(
            outcome(wrong.clone()).await,
            JoinOutcome::TokenInvalid,
            "{wrong:?}"
        );
    }
    let made_by = "home \u{fffd}".to_owned();
    let state = table.cluster_state(NOW).await.unwrap();
    let left: Vec<(&str, u64, Option<u64>)> = state
        .tokens
        .iter()
        .map(|token| (token.id.as_str(), token.uses_left, token.revoked_wall_ns))
        .collect();
    assert_eq!(
        left,
        [("bearer", 1, None), ("revoked", 1, Some(NOW)), ("twice", 2, None)]
    );
    assert_eq!(state.tokens[0].made_by, made_by);
    assert_eq!(table.cluster_state(NOW + 901 * SECOND).await.unwrap().tokens, []);
    table
        .add_token(&token("later", 1), NOW + 901 * SECOND)
        .await
        .unwrap();
    let later = TokenRow {
        made_by,
        ..token("later", 1)
    };
    assert_eq!(table.cluster_state(0).await.unwrap().tokens, [later]);
}

pub(crate) async fn a_token_is_used_as_often_as_it_says(bed: &Bed) {
    let store = bed.open().await;
    let other = bed.open().await;
    let table = store.cluster();
    table.add_token(&token("twice", 2), 0).await.unwrap();
    // Many hosts at once use a token no more often than it says.
    let keys: Vec<JoinedKey> = ["a", "b", "c", "d"]
        .map(|name| key(&format!("pin-{name}"), name, "twice"))
        .into();
    let outcomes = tokio::join!(
        table.join(&keys[0]),
        other.cluster().join(&keys[1]),
        table.join(&keys[2]),
        other.cluster().join(&keys[3])
    );
    let outcomes = [outcomes.0, outcomes.1, outcomes.2, outcomes.3].map(Result::unwrap);
    let joined = outcomes.iter().filter(|one| **one == JoinOutcome::Joined);
    assert_eq!(joined.count(), 2, "{outcomes:?}");
    let state = table.cluster_state(NOW).await.unwrap();
    assert_eq!((state.keys.len(), state.tokens[0].uses_left), (2, 0));
    // One that did not hear the answer asks again.
    let again = state.keys[0].clone();
    assert_eq!(table.join(&again).await.unwrap(), JoinOutcome::Joined);
}

pub(crate) async fn a_name_is_one_keys(bed: &Bed) {
    let store = bed.open().await;
    let table = store.cluster();
    table.add_token(&token("first", 9), 0).await.unwrap();
    table.add_token(&token("second", 9), 0).await.unwrap();
    for (asks, expected) in [
        (key("one", "eu", "first"), JoinOutcome::Joined),
        (key("two", "eu", "second"), JoinOutcome::NameTaken),
        (key("one", "us", "first"), JoinOutcome::KeyKnown),
        (key("one", "eu", "second"), JoinOutcome::KeyKnown),
        (key("one", "eu", "first"), JoinOutcome::Joined),
    ] {
        assert_eq!(table.join(&asks).await.unwrap(), expected, "{asks:?}");
    }
    let state = table.cluster_state(0).await.unwrap();
    assert_eq!(state.keys, [key("one", "eu", "first")]);
    let left: Vec<u64> = state.tokens.iter().map(|token| token.uses_left).collect();
    assert_eq!(left, [8, 9], "what was refused used nothing");
}

pub(crate) async fn a_revoked_key_stays_revoked(bed: &Bed) {
    let store = bed.open().await;
    let table = store.cluster();
    table.add_token(&token("first", 9), 0).await.unwrap();
    let lost = key("lost", "eu", "first");
    assert_eq!(table.join(&lost).await.unwrap(), JoinOutcome::Joined);
    assert!(table.renewed("lost", "ca-2", NOW + 7 * SECOND).await.unwrap());
    assert!(!table.renewed("no-such", "ca-2", NOW).await.unwrap());
    assert!(table.revoke("lost", NOW + 8 * SECOND).await.unwrap());
    assert!(!table.renewed("lost", "ca-3", NOW).await.unwrap());
    assert_eq!(table.join(&lost).await.unwrap(), JoinOutcome::KeyKnown);
    // Its name is free.
    let next = key("next", "eu", "first");
    assert_eq!(table.join(&next).await.unwrap(), JoinOutcome::Joined);
    let revoked = JoinedKey {
        authority: "ca-2".to_owned(),
        valid_until_wall_ns: NOW + 7 * SECOND,
        revoked_wall_ns: Some(NOW + 8 * SECOND),
        ..lost
    };
    assert_eq!(table.cluster_state(0).await.unwrap().keys, [revoked, next]);
}

pub(crate) async fn who_did_what_is_kept_for_a_while(bed: &Bed) {
    let store = bed.open().await;
    let table = store.cluster();
    let entry = |second: u64, what: &str| AuditEntry {
        at_wall_ns: NOW + second * SECOND,
        who: "token ci".to_owned(),
        what: what.to_owned(),
        source: "10.0.0.7".to_owned(),
        outcome: "ok".to_owned(),
    };
    table
        .append_audit(&[entry(0, "submitJob"), entry(1, "stop\0Job")], 0)
        .await
        .unwrap();
    table.append_audit(&[], 0).await.unwrap();
    let asked = "select who, what, source, outcome from audit order by at";
    assert_eq!(
        rows(&store, asked).await,
        [
            "token ci|submitJob|10.0.0.7|ok",
            "token ci|stop\u{fffd}Job|10.0.0.7|ok"
        ]
    );
    let at = rows(&store, "select at from audit order by at").await;
    let expected = if bed.postgres.is_some() {
        "2027-01-15 08:00:00.123456+00"
    } else {
        "2027-01-15T08:00:00.123456Z"
    };
    assert_eq!(at[0], expected);
    table
        .append_audit(&[entry(2, "later")], NOW + SECOND)
        .await
        .unwrap();
    let kept = rows(&store, "select what from audit order by at").await;
    assert_eq!(kept, ["stop\u{fffd}Job", "later"]);
}
