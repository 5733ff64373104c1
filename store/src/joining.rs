//! Rows of the cluster: statements that both databases understand.
//!
//! sqlx has different types for each, so a generic function would need long bounds.

/// Implements [`ClusterTable`](crate::ClusterTable) for `$store` with its `$connection`.
macro_rules! implement_cluster {
    ($store:ty, $connection:ty) => {
        use async_trait::async_trait;

        use crate::cluster::{
            AuditEntry, AuthorityRow, ClusterState, ClusterTable, JoinOutcome, JoinedKey, TokenRow,
        };
        use crate::text::{clean, count};
        use crate::Error;

        type AuthorityColumns = (String, Vec<u8>, Vec<u8>, i64, Option<i64>);
        type TokenColumns = (String, Vec<u8>, String, String, i64, String, i64, i64, Option<i64>);
        type KeyColumns = (String, String, String, String, String, String, i64, i64, Option<i64>);

        #[async_trait]
        impl ClusterTable for $store {
            async fn cluster_state(&self, tokens_since_wall_ns: u64) -> Result<ClusterState, Error> {
                let authorities = sqlx::query_as(
                    "SELECT pin, certificate, cross_signed, made_wall_ns, retired_wall_ns FROM authorities \
                     ORDER BY made_wall_ns, pin",
                );
                let authorities: Vec<AuthorityColumns> = crate::both::read!(self, authorities, fetch_all)?;
                let tokens = sqlx::query_as(
                    "SELECT id, hash, purpose, role, uses_left, made_by, made_wall_ns, expires_wall_ns, revoked_wall_ns \
                     FROM tokens WHERE expires_wall_ns >= $1 ORDER BY made_wall_ns, id",
                )
                .bind(count(tokens_since_wall_ns));
                let tokens: Vec<TokenColumns> = crate::both::read!(self, tokens, fetch_all)?;
                let keys = sqlx::query_as(
                    "SELECT pin, role, name, token, address, authority, joined_wall_ns, valid_until_wall_ns, \
                     revoked_wall_ns FROM joined_keys ORDER BY joined_wall_ns, pin",
                );
                let keys: Vec<KeyColumns> = crate::both::read!(self, keys, fetch_all)?;
                Ok(ClusterState {
                    authorities: authorities.into_iter().map(authority).collect(),
                    tokens: tokens.into_iter().map(token).collect(),
                    keys: keys.into_iter().map(key).collect(),
                })
            }

            async fn add_authority(
                &self,
                authority: &AuthorityRow,
                beside: Option<&str>,
            ) -> Result<bool, Error> {
                self.in_time(add_authority(self, authority, beside)).await
            }

            async fn retire_authority(&self, pin: &str, at_wall_ns: u64) -> Result<(), Error> {
                self.in_time(retire_authority(self, pin, at_wall_ns)).await
            }

            async fn add_token(&self, token: &TokenRow, forget_before_wall_ns: u64) -> Result<(), Error> {
                self.in_time(add_token(self, token, forget_before_wall_ns)).await
            }

            async fn revoke(&self, id: &str, at_wall_ns: u64) -> Result<bool, Error> {
                self.in_time(revoke(self, id, at_wall_ns)).await
            }

            async fn join(&self, key: &JoinedKey) -> Result<JoinOutcome, Error> {
                self.in_time(join(self, key)).await
            }

            async fn renewed(
                &self,
                pin: &str,
                authority: &str,
                valid_until_wall_ns: u64,
            ) -> Result<bool, Error> {
                self.in_time(renewed(self, pin, authority, valid_until_wall_ns)).await
            }

            async fn append_audit(
                &self,
                entries: &[AuditEntry],
                forget_before_wall_ns: u64,
            ) -> Result<(), Error> {
                self.in_time(append_audit(self, entries, forget_before_wall_ns))
                    .await
            }
        }

        fn authority(
            (pin, certificate, cross_signed, made, retired): AuthorityColumns,
        ) -> AuthorityRow {
            AuthorityRow {
                pin,
                certificate,
                cross_signed,
                made_wall_ns: made.unsigned_abs(),
                retired_wall_ns: retired.map(i64::unsigned_abs),
            }
        }

        fn token(
            (id, hash, purpose, role, uses_left, made_by, made, expires, revoked): TokenColumns,
        ) -> TokenRow {
            TokenRow {
                id,
                hash,
                purpose,
                role,
                uses_left: uses_left.unsigned_abs(),
                made_by,
                made_wall_ns: made.unsigned_abs(),
                expires_wall_ns: expires.unsigned_abs(),
                revoked_wall_ns: revoked.map(i64::unsigned_abs),
            }
        }

        fn key(
            (pin, role, name, token, address, authority, joined, valid_until, revoked): KeyColumns,
        ) -> JoinedKey {
            JoinedKey {
                pin,
                role,
                name,
                token,
                address,
                authority,
                joined_wall_ns: joined.unsigned_abs(),
                valid_until_wall_ns: valid_until.unsigned_abs(),
                revoked_wall_ns: revoked.map(i64::unsigned_abs),
            }
        }

        async fn add_authority(
            store: &$store,
            authority: &AuthorityRow,
            beside: Option<&str>,
        ) -> Result<bool, Error> {
            let mut transaction = store.begin().await?;
            lock_authorities(&mut transaction).await?;
            let others: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM authorities WHERE retired_wall_ns IS NULL AND pin <> $1",
            )
            .bind(beside.unwrap_or_default().to_owned())
            .fetch_one(&mut *transaction)
            .await?;
            if others == 0 {
                sqlx::query(
                    "INSERT INTO authorities (pin, certificate, cross_signed, made_wall_ns) VALUES ($1, $2, $3, $4)",
                )
                .bind(authority.pin.clone())
                .bind(authority.certificate.clone())
                .bind(authority.cross_signed.clone())
                .bind(count(authority.made_wall_ns))
                .execute(&mut *transaction)
                .await?;
            }
            transaction.commit().await?;
            Ok(others == 0)
        }

        async fn retire_authority(store: &$store, pin: &str, at_wall_ns: u64) -> Result<(), Error> {
            let mut transaction = store.begin().await?;
            sqlx::query(
                "UPDATE authorities SET retired_wall_ns = $1 WHERE pin = $2 AND retired_wall_ns IS NULL",
            )
            .bind(count(at_wall_ns))
            .bind(pin.to_owned())
            .execute(&mut *transaction)
            .await?;
            transaction.commit().await?;
            Ok(())
        }

        async fn add_token(
            store: &$store,
            token: &TokenRow,
            forget_before_wall_ns: u64,
        ) -> Result<(), Error> {
            let mut transaction = store.begin().await?;
            sqlx::query("DELETE FROM tokens WHERE expires_wall_ns < $1")
                .bind(count(forget_before_wall_ns))
                .execute(&mut *transaction)
                .await?;
            sqlx::query(
                "INSERT INTO tokens (id, hash, purpose, role, uses_left, made_by, made_wall_ns, expires_wall_ns) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
            .bind(token.id.clone())
            .bind(token.hash.clone())
            .bind(token.purpose.clone())
            .bind(token.role.clone())
            .bind(count(token.uses_left))
            .bind(clean(&token.made_by).into_owned())
            .bind(count(token.made_wall_ns))
            .bind(count(token.expires_wall_ns))
            .execute(&mut *transaction)
            .await?;
            transaction.commit().await?;
            Ok(())
        }

        async fn revoke(store: &$store, id: &str, at_wall_ns: u64) -> Result<bool, Error> {
            let mut transaction = store.begin().await?;
            let mut revoked = 0;
            for statement in [
                "UPDATE tokens SET revoked_wall_ns = $1 WHERE id = $2 AND revoked_wall_ns IS NULL",
                "UPDATE joined_keys SET revoked_wall_ns = $1 WHERE pin = $2 AND revoked_wall_ns IS NULL",
            ] {
                let changed = sqlx::query(statement)
                    .bind(count(at_wall_ns))
                    .bind(clean(id).into_owned())
                    .execute(&mut *transaction)
                    .await?;
                revoked += changed.rows_affected();
            }
            transaction.commit().await?;
            Ok(revoked > 0)
        }

        /// What is not committed is rolled back.
        async fn join(store: &$store, key: &JoinedKey) -> Result<JoinOutcome, Error> {
            let mut transaction = store.begin().await?;
            if !register(&mut transaction, key).await? {
                let outcome = known(&mut transaction, key).await?;
                transaction.leave().await;
                return Ok(outcome);
            }
            let used = sqlx::query(
                "UPDATE tokens SET uses_left = uses_left - 1 WHERE id = $1 AND purpose = 'join' AND role = $2 \
                 AND uses_left > 0 AND expires_wall_ns > $3 AND revoked_wall_ns IS NULL",
            )
            .bind(key.token.clone())
            .bind(key.role.clone())
            .bind(count(key.joined_wall_ns))
            .execute(&mut *transaction)
            .await?;
            if used.rows_affected() != 1 {
                transaction.leave().await;
                return Ok(JoinOutcome::TokenInvalid);
            }
            transaction.commit().await?;
            Ok(JoinOutcome::Joined)
        }

        /// Inserts a key; false if its pin or its name is there.
        async fn register(connection: &mut $connection, key: &JoinedKey) -> Result<bool, sqlx::Error> {
            let inserted = sqlx::query(
                "INSERT INTO joined_keys (pin, role, name, token, address, authority, joined_wall_ns, valid_until_wall_ns) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
            )
            .bind(key.pin.clone())
            .bind(key.role.clone())
            .bind(clean(&key.name).into_owned())
            .bind(key.token.clone())
            .bind(clean(&key.address).into_owned())
            .bind(key.authority.clone())
            .bind(count(key.joined_wall_ns))
            .bind(count(key.valid_until_wall_ns))
            .execute(connection)
            .await?;
            Ok(inserted.rows_affected() == 1)
        }

        /// Why a key could not be inserted. One that joined by the same token did not hear of it, and may ask again.
        async fn known(connection: &mut $connection, key: &JoinedKey) -> Result<JoinOutcome, sqlx::Error> {
            let found: Option<(String, String, String, Option<i64>)> =
                sqlx::query_as("SELECT role, name, token, revoked_wall_ns FROM joined_keys WHERE pin = $1")
                    .bind(key.pin.clone())
                    .fetch_optional(connection)
                    .await?;
            Ok(match found {
                None => JoinOutcome::NameTaken,
                Some((role, name, token, None))
                    if (&role, &*name, &token) == (&key.role, &*clean(&key.name), &key.token) =>
                {
                    JoinOutcome::Joined
                }
                Some(_) => JoinOutcome::KeyKnown,
            })
        }

        async fn renewed(
            store: &$store,
            pin: &str,
            authority: &str,
            valid_until_wall_ns: u64,
        ) -> Result<bool, Error> {
            let mut transaction = store.begin().await?;
            let changed = sqlx::query(
                "UPDATE joined_keys SET authority = $1, valid_until_wall_ns = $2 \
                 WHERE pin = $3 AND revoked_wall_ns IS NULL",
            )
            .bind(authority.to_owned())
            .bind(count(valid_until_wall_ns))
            .bind(pin.to_owned())
            .execute(&mut *transaction)
            .await?;
            transaction.commit().await?;
            Ok(changed.rows_affected() == 1)
        }

        async fn append_audit(
            store: &$store,
            entries: &[AuditEntry],
            forget_before_wall_ns: u64,
        ) -> Result<(), Error> {
            let mut transaction = store.begin().await?;
            sqlx::query("DELETE FROM audit_rows WHERE at_wall_ns < $1")
                .bind(count(forget_before_wall_ns))
                .execute(&mut *transaction)
                .await?;
            for entry in entries {
                sqlx::query(
                    "INSERT INTO audit_rows (at_wall_ns, who, what, source, outcome) VALUES ($1, $2, $3, $4, $5)",
                )
                .bind(count(entry.at_wall_ns))
                .bind(clean(&entry.who).into_owned())
                .bind(clean(&entry.what).into_owned())
                .bind(clean(&entry.source).into_owned())
                .bind(clean(&entry.outcome).into_owned())
                .execute(&mut *transaction)
                .await?;
            }
            transaction.commit().await?;
            Ok(())
        }
    };
}
pub(crate) use implement_cluster;
