package identity

import (
	"strings"

	"claviger/internal/domain"
)

// RoleSessionARN is what a session of a role is called: it has the role's name without its path
// ("IAM identifiers" of the IAM user guide).
func RoleSessionARN(roleARN, session string) string {
	role, _ := domain.ParseARN(roleARN)
	name := role.Resource[strings.LastIndexByte(role.Resource, '/')+1:]
	return "arn:aws:sts::" + role.Account + ":assumed-role/" + name + "/" + session
}

// FederatedUserARN is what a federated user is called.
func FederatedUserARN(account, name string) string {
	return "arn:aws:sts::" + account + ":federated-user/" + name
}
