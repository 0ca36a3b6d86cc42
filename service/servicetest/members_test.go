package servicetest_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"claviger/events/rule"
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Members of AWS's types that ours don't have, each with its reason. A row that no longer applies
// fails the test.
const (
	noEnclaves  = "there are no Nitro enclaves to answer to"
	noStores    = "there are no external key stores"
	noTemplates = "there are no templates that roles are made of"
	noInstances = "there are no virtual machines that a role could be given to"
	noPasswords = "users have no passwords"
	noOthers    = "users have no credentials but access keys"
	noManaged   = "no service manages rules"
	noLattice   = "there is no VPC Lattice"
	oneBus      = "the default bus has nothing that could be set"

	noLogGroups  = "there are no log groups"
	noTopic      = "no topic is told of exports: EventBridge's rules see each record"
	noEncryption = "exported files are not encrypted"
	noStop       = "a trail can't be stopped"
	isPrinted    = "`claviger audit export` says itself what failed"
	oneTrail     = "an account has one trail, and it has one key"
	noSelectors  = "all is recorded"
)

var left = map[string]string{
	"kms.GenerateDataKey.Out.CiphertextForRecipient":     noEnclaves,
	"kms.Decrypt.Out.CiphertextForRecipient":             noEnclaves,
	"kms.GenerateRandom.Out.CiphertextForRecipient":      noEnclaves,
	"kms.GenerateDataKeyPair.Out.CiphertextForRecipient": noEnclaves,
	"kms.DeriveSharedSecret.Out.CiphertextForRecipient":  noEnclaves,

	"KeyMetadata.XksKeyConfiguration":                noStores,
	"CustomKeyStoresListEntry.XksProxyConfiguration": noStores,

	"iam.ListInstanceProfilesForRole.Out.Marker": noInstances,
	"Role.SourceRoleTemplate":                    noTemplates,
	"InstanceProfile.Path":                       noInstances,
	"InstanceProfile.InstanceProfileName":        noInstances,
	"InstanceProfile.InstanceProfileId":          noInstances,
	"InstanceProfile.Arn":                        noInstances,
	"InstanceProfile.CreateDate":                 noInstances,
	"InstanceProfile.Roles":                      noInstances,
	"InstanceProfile.Tags":                       noInstances,

	"User.PasswordLastUsed":                           noPasswords,
	"iam.GetLoginProfile.Out.LoginProfile":            noPasswords,
	"iam.GetAccountPasswordPolicy.Out.PasswordPolicy": noPasswords,

	"SSHPublicKeyMetadata.SSHPublicKeyId": noOthers,
	"SSHPublicKeyMetadata.Status":         noOthers,
	"SSHPublicKeyMetadata.UploadDate":     noOthers,
	"SSHPublicKeyMetadata.UserName":       noOthers,

	"SigningCertificate.CertificateBody": noOthers,
	"SigningCertificate.CertificateId":   noOthers,
	"SigningCertificate.Status":          noOthers,
	"SigningCertificate.UploadDate":      noOthers,
	"SigningCertificate.UserName":        noOthers,

	"ServiceSpecificCredentialMetadata.CreateDate":                  noOthers,
	"ServiceSpecificCredentialMetadata.ExpirationDate":              noOthers,
	"ServiceSpecificCredentialMetadata.ServiceCredentialAlias":      noOthers,
	"ServiceSpecificCredentialMetadata.ServiceName":                 noOthers,
	"ServiceSpecificCredentialMetadata.ServiceSpecificCredentialId": noOthers,
	"ServiceSpecificCredentialMetadata.ServiceUserName":             noOthers,
	"ServiceSpecificCredentialMetadata.Status":                      noOthers,
	"ServiceSpecificCredentialMetadata.UserName":                    noOthers,

	"VirtualMFADevice.Base32StringSeed": noOthers,
	"VirtualMFADevice.EnableDate":       noOthers,
	"VirtualMFADevice.QRCodePNG":        noOthers,
	"VirtualMFADevice.SerialNumber":     noOthers,
	"VirtualMFADevice.Tags":             noOthers,
	"VirtualMFADevice.User":             noOthers,

	"ServerCertificateMetadata.Arn":                   noOthers,
	"ServerCertificateMetadata.Expiration":            noOthers,
	"ServerCertificateMetadata.Path":                  noOthers,
	"ServerCertificateMetadata.ServerCertificateId":   noOthers,
	"ServerCertificateMetadata.ServerCertificateName": noOthers,
	"ServerCertificateMetadata.UploadDate":            noOthers,

	"SAMLProviderListEntry.Arn":        noOthers,
	"SAMLProviderListEntry.CreateDate": noOthers,
	"SAMLProviderListEntry.ValidUntil": noOthers,

	"cloudtrail.GetEventSelectors.Out.AdvancedEventSelectors":          noSelectors,
	"cloudtrail.ListTrails.Out.NextToken":                              oneTrail,
	"cloudtrail.ListPublicKeys.Out.NextToken":                          oneTrail,
	"cloudtrail.GetTrailStatus.Out.LatestCloudWatchLogsDeliveryError":  noLogGroups,
	"cloudtrail.GetTrailStatus.Out.LatestCloudWatchLogsDeliveryTime":   noLogGroups,
	"cloudtrail.GetTrailStatus.Out.LatestNotificationAttemptSucceeded": noTopic,
	"cloudtrail.GetTrailStatus.Out.LatestNotificationAttemptTime":      noTopic,
	"cloudtrail.GetTrailStatus.Out.LatestNotificationError":            noTopic,
	"cloudtrail.GetTrailStatus.Out.LatestNotificationTime":             noTopic,
	"cloudtrail.GetTrailStatus.Out.LatestDeliveryAttemptSucceeded":     isPrinted,
	"cloudtrail.GetTrailStatus.Out.LatestDeliveryAttemptTime":          isPrinted,
	"cloudtrail.GetTrailStatus.Out.LatestDeliveryError":                isPrinted,
	"cloudtrail.GetTrailStatus.Out.LatestDigestDeliveryError":          isPrinted,
	"cloudtrail.GetTrailStatus.Out.StartLoggingTime":                   noStop,
	"cloudtrail.GetTrailStatus.Out.StopLoggingTime":                    noStop,
	"cloudtrail.GetTrailStatus.Out.TimeLoggingStarted":                 noStop,
	"cloudtrail.GetTrailStatus.Out.TimeLoggingStopped":                 noStop,
	"Trail.CloudWatchLogsLogGroupArn":                                  noLogGroups,
	"Trail.CloudWatchLogsRoleArn":                                      noLogGroups,
	"Trail.SnsTopicARN":                                                noTopic,
	"Trail.SnsTopicName":                                               noTopic,
	"Trail.KmsKeyId":                                                   noEncryption,

	"events.DescribeRule.Out.ManagedBy":                              noManaged,
	"Rule.ManagedBy":                                                 noManaged,
	"events.DescribeEventBus.Out.CreationTime":                       oneBus,
	"events.DescribeEventBus.Out.Description":                        oneBus,
	"events.DescribeEventBus.Out.LogConfig":                          oneBus,
	"events.DescribeEventBus.Out.ManagedBy":                          oneBus,
	"events.DescribeEventBus.Out.Policy":                             oneBus,
	"events.DescribeEventBus.Out.DeadLetterConfig":                   oneBus,
	"events.DescribeEventBus.Out.KmsKeyIdentifier":                   oneBus,
	"events.DescribeEventBus.Out.LastModifiedTime":                   oneBus,
	"EventBus.CreationTime":                                          oneBus,
	"EventBus.Description":                                           oneBus,
	"EventBus.LastModifiedTime":                                      oneBus,
	"EventBus.ManagedBy":                                             oneBus,
	"EventBus.Policy":                                                oneBus,
	"events.DescribeConnection.Out.InvocationConnectivityParameters": noLattice,
	"ConnectionAuthResponseParameters.ConnectivityParameters":        noLattice,
	"events.DescribeConnection.Out.SecretArn":                        "what is secret of a connection rests with it, and is no secret of Secrets Manager",
}

// ours are the operations that AWS doesn't have, each with its reason.
var ours = map[string]string{
	"iam.CreateAccount": "AWS's accounts are made in Organizations, by e-mail and without a number",
	"iam.ListAccounts":  "likewise",

	"cloudtrail.SearchEvents": "AWS's event history is looked up by one attribute at a time",

	"secretsmanager.CreateManagedSecret": "AWS's databases and services ask for managed secrets",
}

// TestMembers_EveryType_IsAWSs compares the types of every operation with the SDK's, both ways:
// each of AWS's members is there with its type, or is left out for a reason, and there is none that
// AWS doesn't know.
func TestMembers_EveryType_IsAWSs(t *testing.T) {
	s := servicetest.Start(t)
	clients := map[string]reflect.Type{"kms": reflect.TypeFor[*kms.Client](),
		"secretsmanager": reflect.TypeFor[*secretsmanager.Client](),
		"ssm":            reflect.TypeFor[*ssm.Client](),
		"cloudtrail":     reflect.TypeFor[*cloudtrail.Client](),
		"events":         reflect.TypeFor[*eventbridge.Client](),
		"sts":            reflect.TypeFor[*sts.Client](),
		"iam":            reflect.TypeFor[*iam.Client](),
		"sns":            reflect.TypeFor[*sns.Client]()}
	c := comparison{used: map[string]bool{}}
	for _, n := range routed(s) {
		client, ok := clients[n.Service.Name]
		if !ok {
			t.Errorf("add the SDK's client of %s to clients", n.Service.Name)
			continue
		}
		if ours[idOf(n)] != "" {
			continue
		}
		call, ok := client.MethodByName(n.Name)
		if !ok {
			t.Errorf("the SDK knows no %s", idOf(n))
			continue
		}
		c.structs(t, idOf(n)+".In", n.In, call.Type.In(2).Elem())
		out := n.Out
		if out == reflect.TypeFor[op.None]() {
			out = reflect.TypeFor[struct{}]()
		}
		c.structs(t, idOf(n)+".Out", out, call.Type.Out(0).Elem())
	}
	for name, reason := range left {
		if !c.used[name] {
			t.Errorf("%s is said to be left out because %s, and it isn't", name, reason)
		}
	}
}

// comparison remembers which rows of left were needed.
type comparison struct{ used map[string]bool }

// structs compares two structures member by member.
func (c *comparison) structs(t *testing.T, at string, ours, theirs reflect.Type) {
	t.Helper()
	mine := members(ours)
	for name, typ := range members(theirs) {
		own, ok := mine[name]
		delete(mine, name)
		switch {
		case ok:
			c.values(t, at+"."+name, own, typ)
		case left[at+"."+name] != "":
			c.used[at+"."+name] = true
		case left[theirs.Name()+"."+name] != "":
			c.used[theirs.Name()+"."+name] = true
		default:
			t.Errorf("%s (%s) is missing: AWS has %s", at, ours, name)
		}
	}
	for name := range mine {
		t.Errorf("%s (%s) has %s, and AWS doesn't", at, ours, name)
	}
}

// members returns the members of a structure by their names on the wire.
func members(typ reflect.Type) map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for f := range fields(typ) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" {
			name = f.Name
		}
		if f.IsExported() && !f.Anonymous && name != "ResultMetadata" {
			out[strings.ToUpper(name[:1])+name[1:]] = f.Type // the SDK's fields are in capitals
		}
	}
	return out
}

func fields(typ reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range typ.NumField() {
			f := typ.Field(i)
			if !f.Anonymous && !yield(f) {
				return
			}
			if f.Anonymous && f.Type.Kind() == reflect.Struct {
				for inner := range fields(f.Type) {
					if !yield(inner) {
						return
					}
				}
			}
		}
	}
}

// values compares the types of two members.
func (c *comparison) values(t *testing.T, at string, ours, theirs reflect.Type) {
	t.Helper()
	for ours.Kind() == reflect.Pointer {
		ours = ours.Elem()
	}
	for theirs.Kind() == reflect.Pointer {
		theirs = theirs.Elem()
	}
	switch {
	case ours == reflect.TypeFor[wire.Time]() && theirs == reflect.TypeFor[time.Time]():
	case ours == reflect.TypeFor[rule.Elsewhere](): // refused, whatever is in it
	case ours.Kind() == reflect.Struct && theirs.Kind() == reflect.Interface:
		// A union, of which one member is sent: the SDK has a type for each.
	case ours.Kind() != theirs.Kind():
		t.Errorf("%s is %s, and with AWS %s", at, ours, theirs)
	case slices.Contains([]reflect.Kind{reflect.Slice, reflect.Map}, ours.Kind()):
		c.values(t, at, ours.Elem(), theirs.Elem())
	case ours.Kind() == reflect.Struct:
		c.structs(t, at, ours, theirs)
	}
}
