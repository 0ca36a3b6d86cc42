package servicetest_test

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"

	"claviger/internal/op"
	"claviger/service"
	"claviger/service/servicetest"
)

// seenElsewhere has the errors that no test here provokes, and the tests of the domains that do:
// for each error's name the operations.
var seenElsewhere = map[string]map[string]string{
	"TestCreateGroup_AccountFull_IsRefused": {
		"LimitExceeded": "iam.CreateGroup",
	},
	"TestAccessKey_ThirdOrAnothers_IsRefused": {
		"LimitExceeded": "iam.CreateAccessKey",
	},
	"TestCreateUser_AccountFull_IsRefused": {
		"LimitExceeded": "iam.CreateUser",
	},
	"TestOpenIDConnectProvider_BadInput_IsRefusedInAWSsWords": {
		"InvalidInput": "iam.CreateOpenIDConnectProvider iam.TagOpenIDConnectProvider " +
			"iam.UpdateOpenIDConnectProviderThumbprint",
		"LimitExceeded": "iam.AddClientIDToOpenIDConnectProvider iam.CreateOpenIDConnectProvider " +
			"iam.TagOpenIDConnectProvider",
	},
	"TestWebIdentity_IssuerAwayOrPolicyBroken_IsRefused": {
		"IDPCommunicationError":   "sts.AssumeRoleWithWebIdentity",
		"MalformedPolicyDocument": "sts.AssumeRoleWithWebIdentity",
	},
	"TestWebIdentity_BadToken_IsAStrangers": {
		"ExpiredTokenException": "sts.AssumeRoleWithWebIdentity",
		"InvalidIdentityToken":  "sts.AssumeRoleWithWebIdentity",
	},
	"TestCreateGrant_KeyWithAsManyAsItMayHave_IsRefused": {
		"LimitExceededException": "kms.CreateGrant",
	},
	"TestCreateGrant_MembersThatDoNotFit_AreRefused": {
		"InvalidGrantTokenException": "kms.CreateGrant",
	},
	"TestDecapsulate_MLKEM_OpensWhatWasEncapsulated": {
		"InvalidKeyUsageException": "kms.Decapsulate kms.Encapsulate",
	},
	"TestDisconnectedStore_UsesOfItsKeys_AreRefusedByState": {
		"UnsupportedOperationException": "kms.DisableKeyRotation kms.EnableKeyRotation " +
			"kms.GetKeyRotationStatus kms.ListKeyRotations",
	},
	"TestGetParametersForImport_MaterialTooLongForThePair_IsRefused": {
		"UnsupportedOperationException": "kms.GetParametersForImport",
	},
	"TestGetParametersForImport_TooManyPairs_IsRefused": {
		"LimitExceededException": "kms.GetParametersForImport",
	},
	"TestGrantTokens_EachOperation_AreChecked": {
		"InvalidGrantTokenException": "kms.Decrypt kms.DeriveSharedSecret kms.DescribeKey " +
			"kms.Encrypt kms.GenerateDataKey kms.GenerateDataKeyPair " +
			"kms.GenerateDataKeyPairWithoutPlaintext kms.GenerateDataKeyWithoutPlaintext " +
			"kms.GenerateMac kms.GetPublicKey kms.Sign kms.Verify kms.VerifyMac",
	},
	"TestImportKeyMaterial_BadRequest_ChangesNothing": {
		"InvalidCiphertextException":    "kms.ImportKeyMaterial",
		"InvalidImportTokenException":   "kms.ImportKeyMaterial",
		"UnsupportedOperationException": "kms.ImportKeyMaterial",
	},
	"TestImportKeyMaterial_NewMaterial_WaitsForItsRotation": {
		"KMSInvalidStateException": "kms.ImportKeyMaterial",
	},
	"TestImports_KeyOfTheServicesOwnOrigin_AreRefused": {
		"UnsupportedOperationException": "kms.DeleteImportedKeyMaterial",
	},
	"TestKeyPolicy_OtherPolicyName_IsRefused": {
		"InvalidMarkerException":        "kms.ListKeyPolicies",
		"UnsupportedOperationException": "kms.PutKeyPolicy",
	},
	"TestKeyStates_EveryOperation_AnswersAsTheGuide": {
		"DisabledException": "kms.CreateGrant kms.Decapsulate kms.DisableKeyRotation " +
			"kms.EnableKeyRotation kms.Encapsulate kms.ReplicateKey kms.RotateKeyOnDemand " +
			"kms.UpdatePrimaryRegion",
		"KMSInvalidStateException": "kms.CreateGrant kms.Decapsulate kms.DisableKeyRotation " +
			"kms.EnableKeyRotation kms.Encapsulate kms.GetParametersForImport kms.ReplicateKey " +
			"kms.UpdatePrimaryRegion",
	},
	"TestListGrants_MarkerOfAnotherListing_IsRefused": {
		"InvalidMarkerException": "kms.ListGrants",
	},
	"TestListGrants_MembersThatDoNotFit_AreRefused": {
		"InvalidGrantIdException": "kms.ListGrants",
	},
	"TestNextToken_AnotherListing_IsRefused": {
		"InvalidNextTokenException": "secretsmanager.ListSecretVersionIds",
	},
	"TestAttachPolicy_Eleventh_IsOneTooMany": {
		"LimitExceeded": "iam.AttachGroupPolicy iam.AttachRolePolicy iam.AttachUserPolicy",
	},
	"TestCreatePolicy_Document_IsHeldToLanguageAndSize": {
		"LimitExceeded": "iam.CreatePolicy iam.CreatePolicyVersion",
	},
	"TestCreatePolicy_Made_IsShownAsAWSDoes": {
		"EntityAlreadyExists": "iam.CreatePolicy",
	},
	"TestDeletePolicy_InUse_IsRefused": {
		"DeleteConflict": "iam.DeletePolicy",
	},
	"TestPolicyTags_Keys_DifferByTheirCase": {
		"InvalidInput":  "iam.CreatePolicy iam.TagPolicy",
		"LimitExceeded": "iam.TagPolicy",
	},
	"TestPolicyVersions_NumbersAndDefault_AreKept": {
		"DeleteConflict": "iam.DeletePolicyVersion",
	},
	"TestPutPolicy_All_AreMeasuredTogether": {
		"LimitExceeded": "iam.PutGroupPolicy iam.PutRolePolicy iam.PutUserPolicy",
	},
	"TestPutKeyPolicy_InvalidPolicy_IsRefused": {
		"InvalidArnException":    "kms.CreateKey kms.PutKeyPolicy",
		"LimitExceededException": "kms.CreateKey kms.PutKeyPolicy",
	},
	"TestReplicateKey_WrongKeyOrRegion_IsRefused": {
		"MalformedPolicyDocumentException": "kms.ReplicateKey",
		"TagException":                     "kms.ReplicateKey",
	},
	"TestResidentKey_SignedWithAndDeleted_LeavesTheTokenAfterItsWindow": {
		"UnsupportedOperationException": "kms.Sign",
	},
	"TestRetireGrant_WhatNamesNoGrant_IsRefused": {
		"InvalidArnException":     "kms.RetireGrant",
		"InvalidGrantIdException": "kms.RetireGrant",
	},
	"TestResourcePolicies_CantBeChanged_StayAsTheyAre": {
		"MalformedResourcePolicyDocumentException": "ssm.PutResourcePolicy",
		"ResourcePolicyConflictException":          "ssm.DeleteResourcePolicy",
		"ResourcePolicyInvalidParameterException":  "ssm.DeleteResourcePolicy",
		"ResourcePolicyNotFoundException":          "ssm.PutResourcePolicy",
	},
	"TestNewVersion_InvalidInput_IsRefused": {
		"InvalidParameterException": "secretsmanager.PutSecretValue",
	},
	"TestNewVersion_SameTokenUnderAClosedKey_IsADecryptionFailure": {
		"DecryptionFailure": "secretsmanager.CreateManagedSecret secretsmanager.CreateSecret " +
			"secretsmanager.PutSecretValue",
	},
	"TestAbsentParameter_EachOperation_SaysSo": {
		"InvalidResourceId": "ssm.AddTagsToResource ssm.ListTagsForResource " +
			"ssm.RemoveTagsFromResource",
		"InvalidResourceType": "ssm.AddTagsToResource ssm.ListTagsForResource " +
			"ssm.RemoveTagsFromResource",
		"ParameterNotFound": "ssm.DeleteParameter ssm.GetParameterHistory " +
			"ssm.LabelParameterVersion ssm.UnlabelParameterVersion",
	},
	"TestAllowedPattern_ThatIsNone_IsRefusedByName": {
		"InvalidAllowedPatternException": "ssm.PutParameter",
	},
	"TestAllowedPattern_Value_MatchesAsAWhole": {
		"ParameterPatternMismatchException": "ssm.PutParameter",
	},
	"TestGetParameterHistory_Pages_HaveAllOnceInOrder": {
		"InvalidNextToken": "ssm.GetParameterHistory",
	},
	"TestGetParametersByPath_Pages_AreOfTenAndOfOneListing": {
		"InvalidNextToken": "ssm.GetParametersByPath",
	},
	"TestGetParameter_SelectorOfNoVersion_IsRefused": {
		"ParameterVersionNotFound": "ssm.GetParameter",
	},
	"TestHistory_HundredVersions_AreKept": {
		"ParameterMaxVersionLimitExceeded": "ssm.PutParameter",
	},
	"TestLabelParameterVersion_MoreThanTenOnOneVersion_AreRefused": {
		"ParameterVersionLabelLimitExceeded": "ssm.LabelParameterVersion",
	},
	"TestLabels_OfAVersionThatIsNot_AreRefused": {
		"ParameterVersionNotFound": "ssm.LabelParameterVersion ssm.UnlabelParameterVersion",
	},
	"TestPutParameter_Levels_AreFifteen": {
		"HierarchyLevelLimitExceededException": "ssm.PutParameter",
	},
	"TestQuota_OfEachTier_IsHeld": {
		"ParameterLimitExceeded": "ssm.PutParameter",
	},
	"TestServiceSetting_UnknownID_IsNotFound": {
		"ServiceSettingNotFound": "ssm.GetServiceSetting ssm.ResetServiceSetting " +
			"ssm.UpdateServiceSetting",
	},
	"TestTags_MoreThanFifty_AreRefused": {
		"TooManyTagsError": "ssm.AddTagsToResource ssm.PutParameter",
	},
	"TestTooManyUpdates_EveryRaceLost_IsAnsweredWhereAWSHasIt": {
		"TooManyUpdates": "ssm.AddTagsToResource ssm.LabelParameterVersion ssm.PutParameter " +
			"ssm.RemoveTagsFromResource ssm.UnlabelParameterVersion",
	},
	"TestConcurrentModification_EveryRaceLost_IsAnsweredWhereAWSHasIt": {
		"ConcurrentModificationException": "events.DeauthorizeConnection " +
			"events.DeleteApiDestination events.DeleteConnection events.DeleteRule " +
			"events.DisableRule events.EnableRule events.PutRule events.PutTargets " +
			"events.RemoveTargets events.TagResource events.UntagResource " +
			"events.UpdateApiDestination events.UpdateConnection",
	},
	"TestConnections_QuotasOfAnAccount_AreHeld": {
		"LimitExceededException": "events.CreateApiDestination events.CreateConnection",
	},
	"TestEventBus_Default_IsTheOnlyOne": {
		"ResourceNotFoundException": "events.DeleteRule events.DescribeEventBus " +
			"events.ListRuleNamesByTarget",
	},
	"TestPutRule_BadInput_IsRefusedInAWSsWords": {
		"ResourceNotFoundException": "events.PutRule",
	},
	"TestRules_QuotasOfAnAccount_AreHeld": {
		"LimitExceededException": "events.PutRule",
	},
	"TestTags_OfRuleAndBus_ArePutAndTaken": {
		"LimitExceededException": "events.TagResource",
	},
	"TestTestEventPattern_Event_MatchesOrNot": {
		"InvalidEventPatternException": "events.TestEventPattern",
	},
	"TestConfirmSubscription_TopicIsGone_IsRefused": {
		"NotFound": "sns.ConfirmSubscription",
	},
	"TestSubscribe_MoreThanATopicMayHave_IsRefused": {
		"SubscriptionLimitExceeded": "sns.Subscribe",
	},
	"TestUpdatePrimaryRegion_EachRegion_IsPromotedOrRefused": {
		"UnsupportedOperationException": "kms.UpdatePrimaryRegion",
	},
	"TestUpdateSecret_OldKeyClosed_ChangesNothing": {
		"DecryptionFailure": "secretsmanager.UpdateSecret",
	},
}

// allRan reports whether every test of the package was run, so that what none has seen isn't there.
func allRan() bool {
	for _, name := range []string{"test.run", "test.skip", "test.list"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != "" {
			return false
		}
	}
	return true
}

// catalogueErrors compares the errors that operations were seen to answer with those that they are
// said to: an error that was seen and isn't said, and, if all tests ran, one that is said and that
// nobody has seen. TestMain calls it when all is done.
func catalogueErrors(all bool) (wrong []string) {
	seen := servicetest.AllAnswered()
	services := map[string]*op.Service{}
	for _, o := range service.Operations() {
		services[o.Info().Service.Name] = o.Info().Service
	}
	for i, a := range seen {
		s := services[a.Service]
		if s == nil {
			continue
		}
		a.Code = onTheWire(s, a)
		seen[i] = a
		if _, routed := s.Answers[a.Operation]; routed && s.Fails(a.Operation, a.Code) == nil {
			wrong = append(wrong, fmt.Sprintf("%s.%s answered %s, which its service's answers don't have",
				a.Service, a.Operation, a.Code))
		}
	}
	for _, o := range service.Operations() {
		n := o.Info()
		for _, code := range n.Service.Answers.Of(n.Name) {
			pair := servicetest.Answered{Service: n.Service.Name, Operation: n.Name, Code: code}
			if all && !slices.Contains(seen, pair) && !seenByOthers(pair) {
				wrong = append(wrong, fmt.Sprintf("%s.%s is said to answer %s, and nobody has seen it",
					n.Service.Name, n.Name, code))
			}
		}
	}
	slices.Sort(wrong)
	return wrong
}

// onTheWire is what a caller was told where CloudTrail has another name for it.
func onTheWire(s *op.Service, a servicetest.Answered) string {
	if short, long := strings.CutSuffix(a.Code, "Exception"); long &&
		slices.Contains(strings.Fields(s.Records.Errors), short) {
		return short
	}
	if a.Code == "AccessDenied" && s.Fails(a.Operation, a.Code) == nil {
		return cmp.Or(s.Own["AccessDeniedException"], "AccessDeniedException")
	}
	return a.Code
}

// seenByOthers reports whether a test of a domain sees an operation answer an error.
func seenByOthers(a servicetest.Answered) bool {
	for _, codes := range seenElsewhere {
		if slices.Contains(strings.Fields(codes[a.Code]), a.Service+"."+a.Operation) {
			return true
		}
	}
	return false
}

// TestAnswers_SeenElsewhere_BySuchATest: a row names a test that there is, and that speaks of the
// error or asks for all.
func TestAnswers_SeenElsewhere_BySuchATest(t *testing.T) {
	e := evidenceOf(t, "keystore/...", "secrets", "iam/...", "parameters/...", "topics", "events")
	for test, codes := range seenElsewhere {
		if len(e.files[test]) == 0 {
			t.Errorf("there is no %s", test)
			continue
		}
		for code := range codes {
			if !e.tests[test].words[code] {
				t.Errorf("%s does not speak of %s", test, code)
			}
		}
	}
}

// TestAnswers_EveryOperation_IsInTheCatalogue: an operation says which errors it may answer, though
// it be none of its own, and says only what its service has described; what is described is used.
func TestAnswers_EveryOperation_IsInTheCatalogue(t *testing.T) {
	used := map[*op.Service]map[string]bool{}
	for _, o := range service.Operations() {
		n := o.Info()
		if _, said := n.Service.Answers[n.Name]; !said {
			t.Errorf("%s has no row in its service's answers", idOf(n))
		}
		if used[n.Service] == nil {
			used[n.Service] = map[string]bool{}
		}
		codes := n.Service.Answers.Of(n.Name)
		for i, code := range codes {
			used[n.Service][code] = true
			if f := n.Service.Failures[code]; f.Kinds == nil || f.When == "" || f.Do == "" {
				t.Errorf("%s may answer %s, which its service's failures don't describe", idOf(n), code)
			}
			if slices.Contains(codes[:i], code) {
				t.Errorf("%s has %s twice", idOf(n), code)
			}
		}
	}
	for s, codes := range used {
		for code := range s.Failures {
			if !codes[code] {
				t.Errorf("no operation of %s is said to answer %s", s.Name, code)
			}
		}
	}
}

// TestMember_ThatNamesNothing_IsRefusedByEveryOperation: wherever an operation takes a key, a grant
// token or the token of a page, it refuses alike what can't be one.
func TestMember_ThatNamesNothing_IsRefusedByEveryOperation(t *testing.T) {
	g := startWalkServers(t)
	anything := map[string]struct{ value, code string }{
		"KeyId":            {`"arn:aws:s3:::bucket"`, "InvalidArnException"},
		"TargetKeyId":      {`"arn:aws:s3:::bucket"`, "InvalidArnException"},
		"DestinationKeyId": {`"arn:aws:s3:::bucket"`, "InvalidArnException"},
		"SourceKeyId":      {`"arn:aws:s3:::bucket"`, "InvalidArnException"},
		"GrantTokens":      {`["nonsense"]`, "InvalidGrantTokenException"},
		"Marker":           {`"nonsense"`, "InvalidMarkerException"},
		"NextToken":        {`"nonsense"`, "InvalidNextTokenException"},
	}
	for _, n := range routed(g.soft.Server) {
		s, there := g.of(n).Server, ""
		for member, c := range anything {
			if _, has := n.In.FieldByName(member); !has {
				continue
			}
			if there == "" { // nothing is done, so that it serves for all
				there, _ = stage(t, s, walk[idOf(n)].request)
			}
			if n.Name == "BatchGetSecretValue" { // pages are of filters alone
				there = `{"Filters":[{"Key":"name","Values":["a"]}]}`
			}
			q, code := callOf(t, n, withMember(t, there, member, json.RawMessage(c.value))), c.code
			q.Service = n.Service.Name
			switch {
			case strings.HasPrefix(n.Name, "Simulate"):
				code = "InvalidInput"
			case n.Service.Name == "iam":
				code = "ValidationError"
			case n.Service.Name == "sns":
				code = "InvalidParameter"
			case n.Service.Name == "events":
				code = "ValidationException"
			case n.Name == "ListPublicKeys":
				code = "InvalidTokenException"
			case n.Name == "ListTrails": // AWS reads no token of it, either
				continue
			case n.Name == "GetResourcePolicies": // the model has no other name for it
				code = "ResourcePolicyInvalidParameterException"
			case n.Service.Name == "ssm":
				code = map[string]string{"KeyId": "InvalidKeyId", "NextToken": "InvalidNextToken"}[member]
			}
			if a := s.Send(t, q); a.Status != 400 || a.Code() != code {
				t.Errorf("%s with %s %s: answered %d %s, want %s", idOf(n), member, c.value, a.Status,
					a.Body, code)
			}
		}
	}
}
