package servicetest_test

import (
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// stageReplicas makes a secret with a copy abroad, and a copy of one that is abroad, where a
// request needs them.
func stageReplicas(t testing.TB, s *servicetest.Server, request, unique string) (there,
	absent []string) {
	t.Helper()
	for word, regions := range map[string][2]string{
		"COPIED":  {servicetest.Region, servicetest.Abroad},
		"REPLICA": {servicetest.Abroad, servicetest.Region},
	} {
		if !strings.Contains(request, word) {
			continue
		}
		name := strings.ToLower(word[:1]) + "-" + unique // as long as those of other secrets
		replicated(t, s, name, regions[0], regions[1])
		there, absent = append(there, word, name), append(absent, word, "absent")
	}
	return there, absent
}

// replicated makes a secret with copies, and waits until they are in step.
func replicated(t testing.TB, s *servicetest.Server, name, home string, copies ...string) {
	t.Helper()
	c := s.SecretsManager(servicetest.WithRegion(home))
	in := &secretsmanager.CreateSecretInput{Name: &name, SecretString: aws.String("one")}
	for _, region := range copies {
		in.AddReplicaRegions = append(in.AddReplicaRegions,
			types.ReplicaRegionType{Region: aws.String(region)})
	}
	must(c.CreateSecret(t.Context(), in))(t)
	awaitReplicas(t, c, name, types.StatusTypeInSync)
}

// awaitReplicas waits until every copy of a secret has a status.
func awaitReplicas(t testing.TB, c *secretsmanager.Client, name string, status types.StatusType) {
	t.Helper()
	eventually(t, name+" is "+string(status), func() bool {
		d := must(c.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &name}))(t)
		for _, r := range d.ReplicationStatus {
			if r.Status != status {
				return false
			}
		}
		return true
	})
}

// policeReplica puts the policy of a copy, which is its primary's.
func (m *matrix) policeReplica(t *testing.T, r policedThing, text *string) {
	t.Helper()
	home := m.SecretsManager(servicetest.WithRegion(servicetest.Abroad))
	arn := strings.Replace(r.arn, servicetest.Region, servicetest.Abroad, 1)
	must(home.PutResourcePolicy(t.Context(), &secretsmanager.PutResourcePolicyInput{SecretId: &arn,
		ResourcePolicy: text}))(t)
	awaitReplicas(t, home, arn, types.StatusTypeInSync)
}
