// Package accounts performs IAM's operations on an account as a whole, and those by which the
// installation gets accounts.
package accounts

import (
	"context"
	"time"

	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/identity"
	"claviger/internal/domain"
	"claviger/internal/op"
)

// AccessKeys are the access keys of principals; *identity.Directory is them.
type AccessKeys interface {
	// NewAccessKey prepares an access key, whose secret can't be read again.
	NewAccessKey(ctx context.Context, account, principal string, now time.Time) (
		k *identity.AccessKey, secret string, change domain.Change, err error)
	// AccessKeysOf returns the keys of one principal in order of id, or without one those of the
	// account, the oldest first.
	AccessKeysOf(ctx context.Context, account, principal string) ([]*identity.AccessKey, error)
	LastUse(id string) (identity.LastUse, error)
}

// Accounts performs the operations. [New] makes it.
type Accounts struct {
	target.Entities
	keys AccessKeys

	// Those that commands have performed, too.
	CreateAccount op.Command[CreateAccountInput, CreateAccountOutput]
	ListAccounts  op.Query[ListAccountsInput, ListAccountsOutput]
}

// New returns the accounts among entities, with the access keys of their principals.
func New(e target.Entities, keys AccessKeys) *Accounts {
	s := &Accounts{Entities: e, keys: keys}
	s.CreateAccount = op.Write(routes.Post("CreateAccount", "/v1/accounts",
		"Makes an account of the installation, for administrators of its first account."),
		s.findCreate, s.create)
	s.ListAccounts = op.Read(routes.Get("ListAccounts", "/v1/accounts",
		"Lists the accounts of the installation, for administrators of its first account."),
		s.findAccounts, s.listAccounts)
	return s
}

var routes = domain.Routes{Service: model.IAM}

// Operations is the table of contents.
func (s *Accounts) Operations() []op.Operation {
	const aliases, login = "/v1/iam/account-aliases", "/v1/iam/login-profile"
	return []op.Operation{
		s.CreateAccount, s.ListAccounts,

		op.Write(routes.Post("CreateAccountAlias", aliases,
			"Gives the account an alias, in the place of the one that it has."),
			findAlias[CreateAccountAliasInput]("CreateAccountAlias"), s.createAlias),
		op.Write(routes.Delete("DeleteAccountAlias", aliases+"/{AccountAlias}",
			"Takes the alias off the account."),
			findAlias[DeleteAccountAliasInput]("DeleteAccountAlias"), s.deleteAlias),
		domain.ReadAccount(routes.Get("ListAccountAliases", aliases,
			"Lists the alias of the account, if it has one."), s.listAliases),

		domain.ReadAccount(routes.Get("GetAccountSummary", "/v1/iam/account-summary",
			"Counts what there is in the account, and returns its quotas."), s.summary),
		domain.ReadAccount(routes.Get("GetAccountAuthorizationDetails",
			"/v1/iam/account-authorization-details",
			"Returns all users, groups, roles and policies with what they may do."), s.details),
		domain.ReadAccount(routes.Post("GenerateCredentialReport", "/v1/iam/credential-report",
			"Has a report on all credentials made, which is ready at once."), generateReport),
		domain.ReadAccount(routes.Get("GetCredentialReport", "/v1/iam/credential-report",
			"Reports on the credentials of all users, as of now."), s.report),

		op.Read(routes.Get("GetLoginProfile", login, "Finds no password: no user has one."),
			s.findLogin, getLogin),
		op.Write(routes.Delete("DeleteLoginProfile", login, "Finds no password: no user has one."),
			s.findDeleteLogin, deleteLogin),
		domain.ReadAccount(routes.Get("GetAccountPasswordPolicy", "/v1/iam/password-policy",
			"Finds no password policy: no user has a password."), getPasswordPolicy),

		op.Read(routes.Get("ListMFADevices", "/v1/iam/mfa-devices",
			"Lists no devices: there is no second factor."), s.findMFA, s.listMFA),
		domain.ReadAccount(routes.Get("ListVirtualMFADevices", "/v1/iam/virtual-mfa-devices",
			"Lists no devices: there is no second factor."), s.listVirtualMFA),
		op.Read(routes.Get("ListSSHPublicKeys", "/v1/iam/ssh-public-keys",
			"Lists no keys: no user has one for SSH."), s.findSSH, s.listSSH),
		op.Read(routes.Get("ListSigningCertificates", "/v1/iam/signing-certificates",
			"Lists no certificates: no user signs with one."), s.findCertificates, s.listCertificates),
		op.Read(routes.Get("ListServiceSpecificCredentials", "/v1/iam/service-specific-credentials",
			"Lists no credentials: no user has any for a single service."),
			s.findSpecific, s.listSpecific),
		domain.ReadAccount(routes.Get("ListServerCertificates", "/v1/iam/server-certificates",
			"Lists no certificates: servers' are not kept here."), s.listServerCertificates),
		domain.ReadAccount(routes.Get("ListSAMLProviders", "/v1/iam/saml-providers",
			"Lists no providers: there is no federation by SAML."), listSAML),
	}
}
