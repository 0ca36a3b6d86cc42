package servicetest_test

import (
	"strings"
	"testing"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/service"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// By AWS's names, and nothing is changed.
func TestCustomKeyStore_WrongInput_IsRefusedByName(t *testing.T) {
	token := func() []hsm.Config { return []hsm.Config{hsmtest.Vault(t)} }
	missing := hsmtest.Vault(t)
	missing.TokenLabel = "pulled"
	pem := func(s string) string {
		return "-----BEGIN CERTIFICATE-----\n" + s + "\n-----END CERTIFICATE-----\n"
	}
	const few, pair, anchored, copied, unrelated, absent, dead = "cluster-few22222222",
		"cluster-pair2222222", "cluster-anchored222", "cluster-copied22222",
		"cluster-unrelated22", "cluster-absent22222", "cluster-dead2222222"
	s := servicetest.Start(t, servicetest.WithCluster(t), servicetest.WithClusters(
		service.Cluster{ID: few, Tokens: append(token(), missing)},
		service.Cluster{ID: pair, Tokens: append(token(), token()...)},
		service.Cluster{ID: anchored, Tokens: token(), Single: true, Anchor: pem("one")},
		service.Cluster{ID: copied, Tokens: token(), Single: true, Anchor: pem("one")},
		service.Cluster{ID: unrelated, Tokens: token(), Single: true, Anchor: pem("two")},
		service.Cluster{ID: absent, Tokens: []hsm.Config{missing}, Single: true},
		service.Cluster{
			ID: dead, Tokens: []hsm.Config{{Module: "/nonexistent/libpkcs11.so", TokenLabel: "x"}},
			Single: true,
		}))
	c := s.KMS()
	create := func(name, cluster, certificate string) (*kms.CreateCustomKeyStoreOutput, error) {
		return c.CreateCustomKeyStore(t.Context(),
			&kms.CreateCustomKeyStoreInput{CustomKeyStoreName: &name, CloudHsmClusterId: &cluster,
				KeyStorePassword:       aws.String(servicetest.ClusterPassword),
				TrustAnchorCertificate: &certificate})
	}
	no := func(code string, err error) {
		t.Helper()
		refused(t, err, code, "*")
	}
	_, err := create("x", "cluster-nobodys2222", anchor)
	no("CloudHsmClusterNotFoundException", err)
	_, err = create("x", few, anchor)
	no("CloudHsmClusterInvalidConfigurationException", err)
	_, err = create("x", absent, anchor)
	no("CloudHsmClusterInvalidConfigurationException", err)
	_, err = create("x", dead, anchor)
	no("CloudHsmClusterNotActiveException", err)
	_, err = create("x", anchored, pem("two"))
	no("IncorrectTrustAnchorException", err)
	spaced := " " + strings.ReplaceAll(pem("one"), "\n", "\r\n")
	first := must(create("first", anchored, spaced))(t).CustomKeyStoreId
	_, err = create("x", anchored, pem("one"))
	no("CloudHsmClusterInUseException", err)
	_, err = create("x", copied, pem("one"))
	no("CloudHsmClusterInUseException", err)
	_, err = create("first", servicetest.Cluster, anchor)
	no("CustomKeyStoreNameInUseException", err)
	_, err = s.KMS(servicetest.WithRegion(servicetest.Abroad)).CreateCustomKeyStore(t.Context(),
		&kms.CreateCustomKeyStoreInput{CustomKeyStoreName: aws.String("first"),
			CloudHsmClusterId:      aws.String(anchored),
			KeyStorePassword:       aws.String(servicetest.ClusterPassword),
			TrustAnchorCertificate: aws.String(pem("one"))})
	no("CloudHsmClusterInUseException", err)
	second := must(create("second", pair, anchor))(t).CustomKeyStoreId
	if st := connect(t, s, second); st.ConnectionState != "CONNECTED" {
		t.Errorf("a cluster of two: %s %s", st.ConnectionState, st.ConnectionErrorCode)
	}

	for _, in := range []kms.CreateCustomKeyStoreInput{
		{CustomKeyStoreName: aws.String("x"), CustomKeyStoreType: "EXTERNAL_KEY_STORE",
			XksProxyUriEndpoint:  aws.String("https://xks.example.com"),
			XksProxyUriPath:      aws.String("/kms/xks/v1"),
			XksProxyConnectivity: "PUBLIC_ENDPOINT",
			XksProxyAuthenticationCredential: &types.XksProxyAuthenticationCredentialType{
				AccessKeyId:        aws.String("ABCDEFGHIJ2345672345"),
				RawSecretAccessKey: aws.String(strings.Repeat("s", 43))}},
		{CustomKeyStoreName: aws.String("x"),
			XksProxyVpcEndpointServiceName: aws.String(
				"com.amazonaws.vpce.us-east-1.vpce-svc-example"),
			XksProxyVpcEndpointServiceOwner: aws.String("111122223333")},
	} {
		_, err = c.CreateCustomKeyStore(t.Context(), &in)
		no("UnsupportedOperationException", err)
	}
	_, err = c.CreateCustomKeyStore(t.Context(), &kms.CreateCustomKeyStoreInput{
		CustomKeyStoreName: aws.String("x"), CloudHsmClusterId: aws.String(servicetest.Cluster),
	})
	no("ValidationException", err)

	update := func(in kms.UpdateCustomKeyStoreInput) error {
		in.CustomKeyStoreId = first
		_, err := c.UpdateCustomKeyStore(t.Context(), &in)
		return err
	}
	no("ValidationException", update(kms.UpdateCustomKeyStoreInput{}))
	no("UnsupportedOperationException",
		update(kms.UpdateCustomKeyStoreInput{XksProxyUriPath: aws.String("/kms/xks/v1")}))
	no("CustomKeyStoreNameInUseException",
		update(kms.UpdateCustomKeyStoreInput{NewCustomKeyStoreName: aws.String("second")}))
	no("CloudHsmClusterNotFoundException",
		update(kms.UpdateCustomKeyStoreInput{CloudHsmClusterId: aws.String("cluster-nobodys2222")}))
	no("CloudHsmClusterNotRelatedException",
		update(kms.UpdateCustomKeyStoreInput{CloudHsmClusterId: aws.String(unrelated)}))
	no("CloudHsmClusterNotActiveException",
		update(kms.UpdateCustomKeyStoreInput{CloudHsmClusterId: aws.String(dead)}))
	no("CloudHsmClusterInvalidConfigurationException",
		update(kms.UpdateCustomKeyStoreInput{CloudHsmClusterId: aws.String(few)}))
	st := storeOf(t, c, first)
	if *st.CloudHsmClusterId != anchored || *st.CustomKeyStoreName != "first" {
		t.Errorf("changed to %+v", st)
	}
	accepted(t, update(kms.UpdateCustomKeyStoreInput{CloudHsmClusterId: aws.String(copied)}))

	for _, in := range []kms.CreateKeyInput{
		{Origin: "AWS_CLOUDHSM"}, {CustomKeyStoreId: second},
		{CustomKeyStoreId: second, Origin: "EXTERNAL"},
	} {
		_, err = c.CreateKey(t.Context(), &in)
		no("ValidationException", err)
	}
	for _, in := range []kms.CreateKeyInput{
		{Origin: "EXTERNAL_KEY_STORE", CustomKeyStoreId: second, XksKeyId: aws.String("k")},
		{Origin: "AWS_CLOUDHSM", CustomKeyStoreId: second, MultiRegion: aws.Bool(true)},
		{Origin: "AWS_CLOUDHSM", CustomKeyStoreId: second, KeySpec: "RSA_2048",
			KeyUsage: "SIGN_VERIFY"},
		{Origin: "AWS_CLOUDHSM", CustomKeyStoreId: second, KeySpec: "HMAC_256",
			KeyUsage: "GENERATE_VERIFY_MAC"},
	} {
		_, err = c.CreateKey(t.Context(), &in)
		no("UnsupportedOperationException", err)
	}
	key := keyIn(t, c, second)
	_, err = c.GenerateDataKeyPair(t.Context(), &kms.GenerateDataKeyPairInput{
		KeyId: key.KeyId, KeyPairSpec: "ECC_NIST_P256",
	})
	no("UnsupportedOperationException", err)
}
