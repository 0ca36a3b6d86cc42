package model

import "claviger/internal/domain"

// Condition keys, as far as they are given their values in more than one place.
const (
	PolicyARN           = "iam:PolicyARN"
	PermissionsBoundary = "iam:PermissionsBoundary"
	RoleSessionName     = "sts:RoleSessionName"
	SourceARN           = "aws:SourceArn" // of whom a service of ours assumes a role for
	SourceAccount       = "aws:SourceAccount"
	SourceIdentity      = "sts:SourceIdentity"
	TransitiveTagKeys   = "sts:TransitiveTagKeys"
	ExternalID          = "sts:ExternalId"
)

var (
	bounded  = []string{PermissionsBoundary}
	attached = []string{PolicyARN}
	both     = []string{PolicyARN, PermissionsBoundary}
	tagged   = []string{domain.RequestTag, domain.TagKeys}
	untagged = []string{domain.TagKeys}
	newborn  = append([]string{PermissionsBoundary}, tagged...)
	session  = append([]string{TransitiveTagKeys}, tagged...)
)

// ConditionKeys are the condition keys that an action of IAM or STS has beside the tags of what it
// is about and those of every request ("Actions, resources, and condition keys" of either service
// in the Service Authorization Reference). One that ends in a slash has a name behind it, and one
// that begins with a colon has the name of an identity provider before it. iam:PassRole is left
// out, as no service here takes a role, and so is what says how somebody signed in elsewhere.
var ConditionKeys = map[string][]string{
	"iam:AttachGroupPolicy":             attached,
	"iam:AttachRolePolicy":              both,
	"iam:AttachUserPolicy":              both,
	"iam:CreateOpenIDConnectProvider":   tagged,
	"iam:CreatePolicy":                  tagged,
	"iam:CreateRole":                    newborn,
	"iam:CreateUser":                    newborn,
	"iam:DeleteRole":                    bounded,
	"iam:DeleteRolePermissionsBoundary": bounded,
	"iam:DeleteRolePolicy":              bounded,
	"iam:DeleteUserPermissionsBoundary": bounded,
	"iam:DeleteUserPolicy":              bounded,
	"iam:DetachGroupPolicy":             attached,
	"iam:DetachRolePolicy":              both,
	"iam:DetachUserPolicy":              both,
	"iam:GetRole":                       bounded,
	"iam:PutRolePermissionsBoundary":    bounded,
	"iam:PutRolePolicy":                 bounded,
	"iam:PutUserPermissionsBoundary":    bounded,
	"iam:PutUserPolicy":                 bounded,
	"iam:TagOpenIDConnectProvider":      tagged,
	"iam:TagPolicy":                     tagged,
	"iam:TagRole":                       tagged,
	"iam:TagUser":                       tagged,
	"iam:UntagOpenIDConnectProvider":    untagged,
	"iam:UntagPolicy":                   untagged,
	"iam:UntagRole":                     untagged,
	"iam:UntagUser":                     untagged,
	"iam:UpdateAssumeRolePolicy":        bounded,
	"iam:UpdateRole":                    bounded,
	"iam:UpdateRoleDescription":         bounded,

	"sts:AssumeRole": append([]string{ExternalID, RoleSessionName, SourceIdentity}, session...),
	"sts:AssumeRoleWithWebIdentity": append([]string{":aud", ":sub", ":amr", ":azp", RoleSessionName,
		SourceIdentity}, session...),
	"sts:GetFederationToken": tagged,
	"sts:SetSourceIdentity":  {SourceIdentity},
	"sts:TagSession":         session,
}
