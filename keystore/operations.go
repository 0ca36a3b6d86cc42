package keystore

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/keystore/customstore"
	"claviger/keystore/model"
)

// route describes operations.
var route = domain.Routes{Service: model.KMS}

// Operations is the table of contents.
func (s *Keys) Operations() []op.Operation {
	return []op.Operation{
		op.Write(route.Post("CreateKey", "/v1/keys", "Makes a key on the token."), s.findNewKey, s.createKey),
		op.Read(route.Get("DescribeKey", "/v1/keys/metadata/{KeyId...}", "Returns what is known of a key."), s.findDescribed, s.describeKey),
		readKey(s.finder, route.Get("GetKeyLastUsage", "/v1/keys/last-usage/{KeyId...}", "Returns when and for what a key was last used."), s.getKeyLastUsage),
		overAccount(route.Get("ListKeys", "/v1/keys", "Lists the keys of the account in this Region."), s.listKeys),
		changeKey(s.finder, route.Post("EnableKey", "/v1/keys/enable/{KeyId...}", "Lets a disabled key be used again."), s.enableKey),
		changeKey(s.finder, route.Post("DisableKey", "/v1/keys/disable/{KeyId...}", "Keeps a key from being used."), s.disableKey),
		changeKey(s.finder, route.Post("ScheduleKeyDeletion", "/v1/keys/schedule-deletion/{KeyId...}", "Starts the window after which a key's material is destroyed."), s.scheduleKeyDeletion),
		changeKey(s.finder, route.Post("CancelKeyDeletion", "/v1/keys/cancel-deletion/{KeyId...}", "Stops a scheduled deletion; the key is disabled then."), s.cancelKeyDeletion),
		changeKey(s.finder, route.Put("UpdateKeyDescription", "/v1/keys/description/{KeyId...}", "Replaces a key's description."), s.updateKeyDescription),

		readKey(s.finder, route.Get("GetKeyPolicy", "/v1/keys/policy/{KeyId...}", "Returns a key's policy."), s.getKeyPolicy),
		changeKey(s.finder, route.Put("PutKeyPolicy", "/v1/keys/policy/{KeyId...}", "Replaces a key's policy."), s.putKeyPolicy),
		readKey(s.finder, route.Get("ListKeyPolicies", "/v1/keys/policies/{KeyId...}", "Lists the names of a key's policies: there is one."), s.listKeyPolicies),

		op.Write(route.Post("ReplicateKey", "/v1/keys/replicate/{KeyId...}", "Makes a replica of a multi-Region key in another Region."), s.findReplication, s.replicateKey),
		op.Write(route.Put("UpdatePrimaryRegion", "/v1/keys/primary-region/{KeyId...}", "Makes a replica the primary key, and the primary key a replica."), s.findPromotion, s.updatePrimaryRegion),

		changeKey(s.finder, route.Post("EnableKeyRotation", "/v1/keys/enable-rotation/{KeyId...}", "Has a key's material replaced again and again after a number of days."), s.enableKeyRotation),
		changeKey(s.finder, route.Post("DisableKeyRotation", "/v1/keys/disable-rotation/{KeyId...}", "Ends the automatic rotation of a key."), s.disableKeyRotation),
		readKey(s.finder, route.Get("GetKeyRotationStatus", "/v1/keys/rotation/{KeyId...}", "Returns whether a key is rotated automatically, and when next."), s.getKeyRotationStatus),
		changeKey(s.finder, route.Post("RotateKeyOnDemand", "/v1/keys/rotate/{KeyId...}", "Replaces a key's material now; the old one goes on decrypting."), s.rotateKeyOnDemand),
		readKey(s.finder, route.Get("ListKeyRotations", "/v1/keys/rotations/{KeyId...}", "Lists the rotations of a key, or all of its materials."), s.listKeyRotations),

		op.Write(route.Post("CreateGrant", "/v1/keys/grants/{KeyId...}", "Lets a principal use a key."), s.findNewGrant, s.createGrant),
		readKey(s.finder, route.Get("ListGrants", "/v1/keys/grants/{KeyId...}", "Lists the grants of a key."), s.listGrants),
		op.Read(route.Get("ListRetirableGrants", "/v1/grants", "Lists the grants that a principal may retire."), s.findRetiringPrincipal, s.listRetirableGrants),
		op.Write(route.Post("RetireGrant", "/v1/grants/retire", "Ends a grant, by those whom it concerns."), s.findRetirement, s.retireGrant),
		op.Write(route.Delete("RevokeGrant", "/v1/keys/grants/{KeyId...}", "Ends a grant, by those who manage the key."), s.findRevocation, s.revokeGrant),

		op.Write(route.Post("GetParametersForImport", "/v1/keys/import-parameters/{KeyId...}", "Makes a key pair to wrap key material with that is imported within a day."), s.findImportParameters, s.getParametersForImport),
		op.Write(route.Post("ImportKeyMaterial", "/v1/keys/import/{KeyId...}", "Imports key material that was made elsewhere, or brings it back."), s.findImport, s.importKeyMaterial),
		changeKey(s.finder, route.Delete("DeleteImportedKeyMaterial", "/v1/keys/import/{KeyId...}", "Deletes imported key material; the key waits for it to come back."), s.deleteImportedKeyMaterial),

		op.Write(route.Post("CreateAlias", "/v1/aliases/{AliasName...}", "Gives a key a name."), s.findNewAlias, s.createAlias),
		op.Write(route.Put("UpdateAlias", "/v1/aliases/{AliasName...}", "Points an alias at another key."), s.findAliasMove, s.updateAlias),
		op.Write(route.Delete("DeleteAlias", "/v1/aliases/{AliasName...}", "Removes an alias; the key stays."), s.findOldAlias, s.deleteAlias),
		op.Read(route.Get("ListAliases", "/v1/aliases", "Lists aliases, of one key or of all."), s.findAliases, s.listAliases),

		changeKey(s.finder, route.Post("TagResource", "/v1/keys/tags/{KeyId...}", "Adds tags to a key or overwrites them."), s.tagResource),
		changeKey(s.finder, route.Delete("UntagResource", "/v1/keys/tags/{KeyId...}", "Removes tags from a key."), s.untagResource),
		readKey(s.finder, route.Get("ListResourceTags", "/v1/keys/tags/{KeyId...}", "Lists a key's tags."), s.listResourceTags),

		useKey(s.finder, route.Post("Encrypt", "/v1/keys/encrypt/{KeyId...}", "Encrypts up to 4,096 bytes under a key."), s.findEncrypt, s.encrypt),
		useKey(s.finder, route.Post("Decrypt", "/v1/keys/decrypt", "Decrypts what Encrypt, ReEncrypt or GenerateDataKey made."), s.findDecrypt, s.decrypt),
		useKey(s.finder, route.Post("ReEncrypt", "/v1/keys/re-encrypt", "Moves a ciphertext to another key; the plaintext is not shown."), s.findReEncrypt, s.reEncrypt),
		useKey(s.finder, route.Post("GenerateDataKey", "/v1/keys/data-key/{KeyId...}", "Makes a data key: in clear, and encrypted under a key."), s.findDataKey, s.generateDataKey),
		useKey(s.finder, route.Post("GenerateDataKeyWithoutPlaintext", "/v1/keys/data-key-without-plaintext/{KeyId...}", "Makes a data key, encrypted under a key only."), s.findBareDataKey, s.generateDataKeyWithoutPlaintext),
		useKey(s.finder, route.Post("GenerateDataKeyPair", "/v1/keys/data-key-pair/{KeyId...}", "Makes a key pair: the private key in clear, and encrypted under a key."), s.findPair, s.generateDataKeyPair),
		useKey(s.finder, route.Post("GenerateDataKeyPairWithoutPlaintext", "/v1/keys/data-key-pair-without-plaintext/{KeyId...}", "Makes a key pair, its private key encrypted under a key only."), s.findBarePair, s.generateDataKeyPairWithoutPlaintext),

		op.Read(route.Get("GetPublicKey", "/v1/keys/public-key/{KeyId...}", "Returns the public key of an asymmetric key."), s.findPublicKey, s.getPublicKey),
		useKey(s.finder, route.Post("Sign", "/v1/keys/sign/{KeyId...}", "Signs a message or its digest."), s.findSign, s.sign),
		useKey(s.finder, route.Post("Verify", "/v1/keys/verify/{KeyId...}", "Verifies a signature; one that isn't valid is an error."), s.findVerify, s.verify),
		useKey(s.finder, route.Post("GenerateMac", "/v1/keys/mac/{KeyId...}", "Makes a message authentication code (HMAC)."), s.findMac, s.generateMac),
		useKey(s.finder, route.Post("VerifyMac", "/v1/keys/verify-mac/{KeyId...}", "Verifies a message authentication code; one that isn't valid is an error."), s.findVerifyMac, s.verifyMac),
		useKey(s.finder, route.Post("DeriveSharedSecret", "/v1/keys/shared-secret/{KeyId...}", "Agrees on a secret with the owner of another key, by ECDH."), s.findAgreement, s.deriveSharedSecret),
		useKey(s.finder, route.Post("Encapsulate", "/v1/keys/encapsulate/{KeyId...}", "Makes a secret and the ciphertext that gives it to the owner of a key, by ML-KEM."), s.findEncapsulate, s.encapsulate),
		useKey(s.finder, route.Post("Decapsulate", "/v1/keys/decapsulate/{KeyId...}", "Returns the secret of a ciphertext that Encapsulate made, or anybody with the public key."), s.findDecapsulate, s.decapsulate),

		onAccount(route.Post("CreateCustomKeyStore", "/v1/key-stores", "Makes a custom key store: a cluster of HSMs that is named in the configuration."), s.createCustomKeyStore),
		op.Read(route.Get("DescribeCustomKeyStores", "/v1/key-stores", "Lists the custom key stores, and how they are connected."), s.findStores, s.describeCustomKeyStores),
		changeStore(s, route.Put("UpdateCustomKeyStore", "/v1/key-stores/{CustomKeyStoreId...}", "Changes the name of a custom key store, its password or its cluster."), s.updateCustomKeyStore, customstore.Disconnected, customstore.Connected),
		changeStore(s, route.Delete("DeleteCustomKeyStore", "/v1/key-stores/{CustomKeyStoreId...}", "Removes a custom key store without keys."), s.deleteCustomKeyStore, customstore.Disconnected),
		changeStore(s, route.Post("ConnectCustomKeyStore", "/v1/key-stores/connect/{CustomKeyStoreId...}", "Begins to connect a custom key store to its cluster."), s.connectCustomKeyStore, customstore.Disconnected, customstore.Connecting, customstore.Connected),
		changeStore(s, route.Post("DisconnectCustomKeyStore", "/v1/key-stores/disconnect/{CustomKeyStoreId...}", "Disconnects a custom key store; its keys can't be used then."), s.disconnectCustomKeyStore, customstore.Connecting, customstore.Connected, customstore.Failed),

		op.Read(route.Post("GenerateRandom", "/v1/random", "Returns random bytes from the token."), s.findRandom, s.generateRandom),
	}
}

// internal makes the operations that only the service itself performs. They run on the same road.
func (s *Keys) internal() {
	s.destroy = op.Write(route.Internal("DeleteKey"), s.findDue("DeleteKey"), s.destroyKey)
	s.rotate = op.Write(route.Internal("RotateKey"), s.findDue("RotateKey"), s.rotateKey)
	s.expire = op.Write(route.Internal("DeleteImportedKeyMaterial"), s.findExpiring, s.expireMaterial)
	s.manage = op.Write(route.Internal("CreateKey"), s.findManaged, s.createManaged)
	s.seal = useKey(s.finder, route.Internal("GenerateDataKey"), s.findSeal, s.sealValue)
	s.unseal = useKey(s.finder, route.Internal("Decrypt"), s.findUnseal, s.unsealValue)
}
