package keystore

import (
	"slices"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/keystore/model"
	"claviger/keystore/target"
)

// route describes operations, keys those on one facet of a key.
var (
	route = domain.Routes{Service: model.KMS}
	keys  = route.Of("/v1/keys", "KeyId")
)

// aKey is the path of a key as a resource.
const aKey = "/v1/keys/{KeyId...}"

// Operations is the table of contents.
func (s *Keys) Operations() []op.Operation {
	return slices.Concat(s.operations(), s.cryptographic.Operations(), s.storeOperations.Operations())
}

// operations manage keys.
func (s *Keys) operations() []op.Operation {
	return []op.Operation{
		op.Write(domain.Large(route.Post("CreateKey", "/v1/keys", "Makes a key on the token.").
			Makes("/v1/keys/{KeyMetadata.KeyId}")), s.findNewKey, s.createKey),
		op.Read(keys.Get("DescribeKey", "metadata",
			"Returns what is known of a key.").At("GET", aKey), s.findDescribed, s.describeKey),
		target.Read(s.finder, keys.Get("GetKeyLastUsage", "last-usage",
			"Returns when and for what a key was last used."), s.getKeyLastUsage),
		domain.ReadAccount(route.Get("ListKeys", "/v1/keys",
			"Lists the keys of the account in this Region."), s.listKeys),
		target.Change(s.finder,
			keys.Post("EnableKey", "enable", "Lets a disabled key be used again."),
			s.enableKey),
		target.Change(s.finder,
			keys.Post("DisableKey", "disable", "Keeps a key from being used."),
			s.disableKey),
		target.Change(s.finder,
			keys.Post("ScheduleKeyDeletion", "schedule-deletion",
				"Starts the window after which a key's material is destroyed.").
				At("DELETE", aKey), s.scheduleKeyDeletion),
		target.Change(s.finder,
			keys.Post("CancelKeyDeletion", "cancel-deletion",
				"Stops a scheduled deletion; the key is disabled then."), s.cancelKeyDeletion),
		target.Change(s.finder,
			keys.Put("UpdateKeyDescription", "description",
				"Replaces a key's description.").At("PATCH", aKey), s.updateKeyDescription),

		target.Read(s.finder, keys.Get("GetKeyPolicy", "policy",
			"Returns a key's policy."), s.getKeyPolicy),
		target.Change(s.finder,
			domain.Large(keys.Put("PutKeyPolicy", "policy", "Replaces a key's policy.")),
			s.putKeyPolicy),
		target.Read(s.finder, keys.Get("ListKeyPolicies", "policies",
			"Lists the names of a key's policies: there is one."), s.listKeyPolicies),

		op.Write(domain.Large(keys.Post("ReplicateKey", "replicate",
			"Makes a replica of a multi-Region key in another Region.").
			At("POST", aKey+"/replicas")), s.findReplication, s.replicateKey),
		op.Write(keys.Put("UpdatePrimaryRegion", "primary-region",
			"Makes a replica the primary key, and the primary key a replica."), s.findPromotion,
			s.updatePrimaryRegion),

		target.Change(s.finder,
			keys.Post("EnableKeyRotation", "enable-rotation",
				"Has a key's material replaced again and again after a number of days.").
				At("PUT", aKey+"/rotation"), s.enableKeyRotation),
		target.Change(s.finder,
			keys.Post("DisableKeyRotation", "disable-rotation",
				"Ends the automatic rotation of a key.").At("DELETE", aKey+"/rotation"), s.disableKeyRotation),
		target.Read(s.finder, keys.Get("GetKeyRotationStatus", "rotation",
			"Returns whether a key is rotated automatically, and when next."), s.getKeyRotationStatus),
		target.Change(s.finder,
			keys.Post("RotateKeyOnDemand", "rotate",
				"Replaces a key's material now; the old one goes on decrypting.").
				At("POST", aKey+"/rotations"), s.rotateKeyOnDemand),
		target.Read(s.finder, keys.Get("ListKeyRotations", "rotations",
			"Lists the rotations of a key, or all of its materials."), s.listKeyRotations),

		op.Write(keys.Post("CreateGrant", "grants", "Lets a principal use a key.").
			Makes("/v1/keys/{KeyId}/grants/{GrantId}"),
			s.findNewGrant, s.createGrant),
		target.Read(s.finder, keys.Get("ListGrants", "grants",
			"Lists the grants of a key.").At("GET", aKey+"/grants/{GrantId}"), s.listGrants),
		op.Read(route.Get("ListRetirableGrants", "/v1/grants",
			"Lists the grants that a principal may retire."), s.findRetiringPrincipal,
			s.listRetirableGrants),
		op.Write(route.Post("RetireGrant", "/v1/grants/retire",
			"Ends a grant, by those whom it concerns."), s.findRetirement, s.retireGrant),
		op.Write(keys.Delete("RevokeGrant", "grants",
			"Ends a grant, by those who manage the key.").
			At("DELETE", aKey+"/grants/{GrantId}"), s.findRevocation, s.revokeGrant),

		op.Write(keys.Post("GetParametersForImport", "import-parameters",
			"Makes a key pair to wrap key material with that is imported within a day."),
			s.findImportParameters, s.getParametersForImport),
		op.Write(keys.Post("ImportKeyMaterial", "import",
			"Imports key material that was made elsewhere, or brings it back."), s.findImport,
			s.importKeyMaterial),
		target.Change(s.finder,
			keys.Delete("DeleteImportedKeyMaterial", "import",
				"Deletes imported key material; the key waits for it to come back."),
			s.deleteImportedKeyMaterial),

		op.Write(route.Post("CreateAlias", "/v1/aliases/{AliasName...}", "Gives a key a name.").
			At("POST", "/v1/aliases").Makes("/v1/keys/{AliasName}"),
			s.findCreateAlias, s.createAlias),
		op.Write(route.Put("UpdateAlias", "/v1/aliases/{AliasName...}",
			"Points an alias at another key."), s.findUpdateAlias, s.updateAlias),
		op.Write(route.Delete("DeleteAlias", "/v1/aliases/{AliasName...}",
			"Removes an alias; the key stays."), s.findDeleteAlias, s.deleteAlias),
		op.Read(route.Get("ListAliases", "/v1/aliases", "Lists aliases, of one key or of all.").
			At("GET", aKey+"/aliases"),
			s.findAliases, s.listAliases),

		target.Change(s.finder,
			keys.Post("TagResource", "tags", "Adds tags to a key or overwrites them."),
			s.tagResource),
		target.Change(s.finder,
			keys.Delete("UntagResource", "tags", "Removes tags from a key."),
			s.untagResource),
		target.Read(s.finder, keys.Get("ListResourceTags", "tags",
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
	s.expire = op.Write(route.Internal("DeleteExpiredKeyMaterial"), s.findExpiringKey,
		s.expireMaterial)
	s.manage = op.Write(route.Internal("CreateKey"), s.findManaged, s.createManaged)
	s.seal = target.Use(s.finder, route.Internal("GenerateDataKey"), s.findSeal, s.sealValue)
	s.unseal = target.Use(s.finder, route.Internal("Decrypt"), s.findUnseal, s.unsealValue)
}
