package keystore

import (
	"slices"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/keystore/model"
	"claviger/keystore/target"
)

// route describes operations.
var route = domain.Routes{Service: model.KMS}

// Operations is the table of contents.
func (s *Keys) Operations() []op.Operation {
	return slices.Concat(s.operations(), s.cryptographic.Operations(), s.storeOperations.Operations())
}

// operations manage keys.
func (s *Keys) operations() []op.Operation {
	return []op.Operation{
		op.Write(domain.Large(route.Post("CreateKey", "/v1/keys", "Makes a key on the token.")),
			s.findNewKey, s.createKey),
		op.Read(route.Get("DescribeKey", "/v1/keys/metadata/{KeyId...}",
			"Returns what is known of a key."), s.findDescribed, s.describeKey),
		target.Read(s.finder, route.Get("GetKeyLastUsage", "/v1/keys/last-usage/{KeyId...}",
			"Returns when and for what a key was last used."), s.getKeyLastUsage),
		domain.ReadAccount(route.Get("ListKeys", "/v1/keys",
			"Lists the keys of the account in this Region."), s.listKeys),
		target.Change(s.finder,
			route.Post("EnableKey", "/v1/keys/enable/{KeyId...}", "Lets a disabled key be used again."),
			s.enableKey),
		target.Change(s.finder,
			route.Post("DisableKey", "/v1/keys/disable/{KeyId...}", "Keeps a key from being used."),
			s.disableKey),
		target.Change(s.finder,
			route.Post("ScheduleKeyDeletion", "/v1/keys/schedule-deletion/{KeyId...}",
				"Starts the window after which a key's material is destroyed."), s.scheduleKeyDeletion),
		target.Change(s.finder,
			route.Post("CancelKeyDeletion", "/v1/keys/cancel-deletion/{KeyId...}",
				"Stops a scheduled deletion; the key is disabled then."), s.cancelKeyDeletion),
		target.Change(s.finder,
			route.Put("UpdateKeyDescription", "/v1/keys/description/{KeyId...}",
				"Replaces a key's description."), s.updateKeyDescription),

		target.Read(s.finder, route.Get("GetKeyPolicy", "/v1/keys/policy/{KeyId...}",
			"Returns a key's policy."), s.getKeyPolicy),
		target.Change(s.finder,
			domain.Large(route.Put("PutKeyPolicy", "/v1/keys/policy/{KeyId...}",
				"Replaces a key's policy.")),
			s.putKeyPolicy),
		target.Read(s.finder, route.Get("ListKeyPolicies", "/v1/keys/policies/{KeyId...}",
			"Lists the names of a key's policies: there is one."), s.listKeyPolicies),

		op.Write(domain.Large(route.Post("ReplicateKey", "/v1/keys/replicate/{KeyId...}",
			"Makes a replica of a multi-Region key in another Region.")), s.findReplication, s.replicateKey),
		op.Write(route.Put("UpdatePrimaryRegion", "/v1/keys/primary-region/{KeyId...}",
			"Makes a replica the primary key, and the primary key a replica."), s.findPromotion,
			s.updatePrimaryRegion),

		target.Change(s.finder,
			route.Post("EnableKeyRotation", "/v1/keys/enable-rotation/{KeyId...}",
				"Has a key's material replaced again and again after a number of days."), s.enableKeyRotation),
		target.Change(s.finder,
			route.Post("DisableKeyRotation", "/v1/keys/disable-rotation/{KeyId...}",
				"Ends the automatic rotation of a key."), s.disableKeyRotation),
		target.Read(s.finder, route.Get("GetKeyRotationStatus", "/v1/keys/rotation/{KeyId...}",
			"Returns whether a key is rotated automatically, and when next."), s.getKeyRotationStatus),
		target.Change(s.finder,
			route.Post("RotateKeyOnDemand", "/v1/keys/rotate/{KeyId...}",
				"Replaces a key's material now; the old one goes on decrypting."), s.rotateKeyOnDemand),
		target.Read(s.finder, route.Get("ListKeyRotations", "/v1/keys/rotations/{KeyId...}",
			"Lists the rotations of a key, or all of its materials."), s.listKeyRotations),

		op.Write(route.Post("CreateGrant", "/v1/keys/grants/{KeyId...}", "Lets a principal use a key."),
			s.findNewGrant, s.createGrant),
		target.Read(s.finder, route.Get("ListGrants", "/v1/keys/grants/{KeyId...}",
			"Lists the grants of a key."), s.listGrants),
		op.Read(route.Get("ListRetirableGrants", "/v1/grants",
			"Lists the grants that a principal may retire."), s.findRetiringPrincipal,
			s.listRetirableGrants),
		op.Write(route.Post("RetireGrant", "/v1/grants/retire",
			"Ends a grant, by those whom it concerns."), s.findRetirement, s.retireGrant),
		op.Write(route.Delete("RevokeGrant", "/v1/keys/grants/{KeyId...}",
			"Ends a grant, by those who manage the key."), s.findRevocation, s.revokeGrant),

		op.Write(route.Post("GetParametersForImport", "/v1/keys/import-parameters/{KeyId...}",
			"Makes a key pair to wrap key material with that is imported within a day."),
			s.findImportParameters, s.getParametersForImport),
		op.Write(route.Post("ImportKeyMaterial", "/v1/keys/import/{KeyId...}",
			"Imports key material that was made elsewhere, or brings it back."), s.findImport,
			s.importKeyMaterial),
		target.Change(s.finder,
			route.Delete("DeleteImportedKeyMaterial", "/v1/keys/import/{KeyId...}",
				"Deletes imported key material; the key waits for it to come back."),
			s.deleteImportedKeyMaterial),

		op.Write(route.Post("CreateAlias", "/v1/aliases/{AliasName...}", "Gives a key a name."),
			s.findCreateAlias, s.createAlias),
		op.Write(route.Put("UpdateAlias", "/v1/aliases/{AliasName...}",
			"Points an alias at another key."), s.findUpdateAlias, s.updateAlias),
		op.Write(route.Delete("DeleteAlias", "/v1/aliases/{AliasName...}",
			"Removes an alias; the key stays."), s.findDeleteAlias, s.deleteAlias),
		op.Read(route.Get("ListAliases", "/v1/aliases", "Lists aliases, of one key or of all."),
			s.findAliases, s.listAliases),

		target.Change(s.finder,
			route.Post("TagResource", "/v1/keys/tags/{KeyId...}", "Adds tags to a key or overwrites them."),
			s.tagResource),
		target.Change(s.finder,
			route.Delete("UntagResource", "/v1/keys/tags/{KeyId...}", "Removes tags from a key."),
			s.untagResource),
		target.Read(s.finder, route.Get("ListResourceTags", "/v1/keys/tags/{KeyId...}",
			"Lists a key's tags."), s.listResourceTags),
	}
}

// internal makes the operations that only the service itself performs. They run on the same road.
// Their names are those of CloudTrail's events where AWS has one: DeleteKey and RotateKey are what
// KMS itself writes there. Sealing and opening for other services look like the calls that AWS's
// services make.
func (s *Keys) internal() {
	s.delete = op.Write(route.Internal("DeleteKey"), s.findDueKey("DeleteKey"), s.deleteKey)
	s.rotate = op.Write(route.Internal("RotateKey"), s.findDueKey("RotateKey"), s.rotateKey)
	s.expire = op.Write(route.Internal("DeleteImportedKeyMaterial"), s.findExpiringKey,
		s.expireMaterial)
	s.manage = op.Write(route.Internal("CreateKey"), s.findManaged, s.createManaged)
	s.seal = target.Use(s.finder, route.Internal("GenerateDataKey"), s.findSeal, s.sealValue)
	s.unseal = target.Use(s.finder, route.Internal("Decrypt"), s.findUnseal, s.unsealValue)
}
