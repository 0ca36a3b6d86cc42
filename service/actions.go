package service

import (
	"slices"
	"strings"
)

// besideOperations are the actions that policies allow and that no operation is called
// ("Service Authorization Reference").
var besideOperations = []string{"kms:ReEncryptFrom", "kms:ReEncryptTo", "iam:PassRole",
	"sts:TagSession", "sts:SetSourceIdentity"}

// Actions returns the actions of all operations that are served, such as kms:Decrypt, in order: all
// that a policy may speak of with effect.
func Actions() []string {
	all := slices.Clone(besideOperations)
	for _, o := range Operations() {
		if n := o.Info(); n.Method != "" && n.Name != "ReEncrypt" {
			all = append(all, n.Service.Name+":"+n.Name)
		}
	}
	slices.SortFunc(all, strings.Compare)
	return all
}
