/*
 * Every function of PKCS#11 v2.40: FUNCTION(name, parameters, arguments, session, object, data, size).
 *
 * session and object are the call's, 0 where it has none. data and size are where the answer lies
 * that may be falsified: a pointer to bytes and a pointer to their number. In a call that asks for the
 * length alone, data is null.
 */
#define NOTHING NULL, NULL

FUNCTION(C_Initialize, (CK_VOID_PTR args), (args), 0, 0, NOTHING)
FUNCTION(C_Finalize, (CK_VOID_PTR reserved), (reserved), 0, 0, NOTHING)
FUNCTION(C_GetInfo, (CK_INFO_PTR info), (info), 0, 0, NOTHING)
FUNCTION(C_GetSlotList, (CK_BBOOL present, CK_SLOT_ID_PTR list, CK_ULONG_PTR count),
	(present, list, count), 0, 0, NOTHING)
FUNCTION(C_GetSlotInfo, (CK_SLOT_ID slot, CK_SLOT_INFO_PTR info), (slot, info), 0, 0, NOTHING)
FUNCTION(C_GetTokenInfo, (CK_SLOT_ID slot, CK_TOKEN_INFO_PTR info), (slot, info), 0, 0, NOTHING)
FUNCTION(C_GetMechanismList, (CK_SLOT_ID slot, CK_MECHANISM_TYPE_PTR list, CK_ULONG_PTR count),
	(slot, list, count), 0, 0, NOTHING)
FUNCTION(C_GetMechanismInfo, (CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO_PTR info),
	(slot, type, info), 0, 0, NOTHING)
FUNCTION(C_InitToken, (CK_SLOT_ID slot, CK_UTF8CHAR_PTR pin, CK_ULONG length, CK_UTF8CHAR_PTR label),
	(slot, pin, length, label), 0, 0, NOTHING)
FUNCTION(C_InitPIN, (CK_SESSION_HANDLE s, CK_UTF8CHAR_PTR pin, CK_ULONG length),
	(s, pin, length), s, 0, NOTHING)
FUNCTION(C_SetPIN, (CK_SESSION_HANDLE s, CK_UTF8CHAR_PTR old, CK_ULONG oldLength, CK_UTF8CHAR_PTR pin,
	CK_ULONG length), (s, old, oldLength, pin, length), s, 0, NOTHING)
FUNCTION(C_OpenSession, (CK_SLOT_ID slot, CK_FLAGS flags, CK_VOID_PTR application, CK_NOTIFY notify,
	CK_SESSION_HANDLE_PTR opened), (slot, flags, application, notify, opened), 0, 0, NOTHING)
FUNCTION(C_CloseSession, (CK_SESSION_HANDLE s), (s), s, 0, NOTHING)
FUNCTION(C_CloseAllSessions, (CK_SLOT_ID slot), (slot), 0, 0, NOTHING)
FUNCTION(C_GetSessionInfo, (CK_SESSION_HANDLE s, CK_SESSION_INFO_PTR info), (s, info), s, 0, NOTHING)
FUNCTION(C_GetOperationState, (CK_SESSION_HANDLE s, CK_BYTE_PTR out, CK_ULONG_PTR length),
	(s, out, length), s, 0, out, length)
FUNCTION(C_SetOperationState, (CK_SESSION_HANDLE s, CK_BYTE_PTR state, CK_ULONG length,
	CK_OBJECT_HANDLE key, CK_OBJECT_HANDLE other), (s, state, length, key, other), s, key, NOTHING)
FUNCTION(C_Login, (CK_SESSION_HANDLE s, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin, CK_ULONG length),
	(s, user, pin, length), s, 0, NOTHING)
FUNCTION(C_Logout, (CK_SESSION_HANDLE s), (s), s, 0, NOTHING)

FUNCTION(C_CreateObject, (CK_SESSION_HANDLE s, CK_ATTRIBUTE_PTR template, CK_ULONG count,
	CK_OBJECT_HANDLE_PTR made), (s, template, count, made), s, 0, NOTHING)
FUNCTION(C_CopyObject, (CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_PTR template,
	CK_ULONG count, CK_OBJECT_HANDLE_PTR made), (s, o, template, count, made), s, o, NOTHING)
FUNCTION(C_DestroyObject, (CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o), (s, o), s, o, NOTHING)
FUNCTION(C_GetObjectSize, (CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o, CK_ULONG_PTR size),
	(s, o, size), s, o, NOTHING)
FUNCTION(C_GetAttributeValue, (CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_PTR template,
	CK_ULONG count), (s, o, template, count), s, o,
	count > 0 ? template[0].pValue : NULL, count > 0 ? &template[0].ulValueLen : NULL)
FUNCTION(C_SetAttributeValue, (CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_PTR template,
	CK_ULONG count), (s, o, template, count), s, o, NOTHING)
FUNCTION(C_FindObjectsInit, (CK_SESSION_HANDLE s, CK_ATTRIBUTE_PTR template, CK_ULONG count),
	(s, template, count), s, 0, NOTHING)
FUNCTION(C_FindObjects, (CK_SESSION_HANDLE s, CK_OBJECT_HANDLE_PTR found, CK_ULONG most,
	CK_ULONG_PTR count), (s, found, most, count), s, 0, NOTHING)
FUNCTION(C_FindObjectsFinal, (CK_SESSION_HANDLE s), (s), s, 0, NOTHING)

FUNCTION(C_EncryptInit, (CK_SESSION_HANDLE s, CK_MECHANISM_PTR by, CK_OBJECT_HANDLE key),
	(s, by, key), s, key, NOTHING)
FUNCTION(C_Encrypt, (CK_SESSION_HANDLE s, CK_BYTE_PTR in, CK_ULONG inLength, CK_BYTE_PTR out,
	CK_ULONG_PTR length), (s, in, inLength, out, length), s, 0, out, length)
FUNCTION(C_EncryptUpdate, (CK_SESSION_HANDLE s, CK_BYTE_PTR in, CK_ULONG inLength, CK_BYTE_PTR out,
	CK_ULONG_PTR length), (s, in, inLength, out, length), s, 0, out, length)
FUNCTION(C_EncryptFinal, (CK_SESSION_HANDLE s, CK_BYTE_PTR out, CK_ULONG_PTR length),
	(s, out, length), s, 0, out, length)
FUNCTION(C_DecryptInit, (CK_SESSION_HANDLE s, CK_MECHANISM_PTR by, CK_OBJECT_HANDLE key),
	(s, by, key), s, key, NOTHING)
FUNCTION(C_Decrypt, (CK_SESSION_HANDLE s, CK_BYTE_PTR in, CK_ULONG inLength, CK_BYTE_PTR out,
	CK_ULONG_PTR length), (s, in, inLength, out, length), s, 0, out, length)
FUNCTION(C_DecryptUpdate, (CK_SESSION_HANDLE s, CK_BYTE_PTR in, CK_ULONG inLength, CK_BYTE_PTR out,
	CK_ULONG_PTR length), (s, in, inLength, out, length), s, 0, out, length)
FUNCTION(C_DecryptFinal, (CK_SESSION_HANDLE s, CK_BYTE_PTR out, CK_ULONG_PTR length),
	(s, out, length), s, 0, out, length)
FUNCTION(C_DigestInit, (CK_SESSION_HANDLE s, CK_MECHANISM_PTR by), (s, by), s, 0, NOTHING)
FUNCTION(C_Digest, (CK_SESSION_HANDLE s, CK_BYTE_PTR in, CK_ULONG inLength, CK_BYTE_PTR out,
	CK_ULONG_PTR length), (s, in, inLength, out, length), s, 0, out, length)
FUNCTION(C_DigestUpdate, (CK_SESSION_HANDLE s, CK_BYTE_PTR in, CK_ULONG inLength),
	(s, in, inLength), s, 0, NOTHING)
FUNCTION(C_DigestKey, (CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key), (s, key), s, key, NOTHING)
FUNCTION(C_DigestFinal, (CK_SESSION_HANDLE s, CK_BYTE_PTR out, CK_ULONG_PTR length),
	(s, out, length), s, 0, out, length)

FUNCTION(C_SignInit, (CK_SESSION_HANDLE s, CK_MECHANISM_PTR by, CK_OBJECT_HANDLE key),
	(s, by, key), s, key, NOTHING)
FUNCTION(C_Sign, (CK_SESSION_HANDLE s, CK_BYTE_PTR in, CK_ULONG inLength, CK_BYTE_PTR out,
	CK_ULONG_PTR length), (s, in, inLength, out, length), s, 0, out, length)
FUNCTION(C_SignUpdate, (CK_SESSION_HANDLE s, CK_BYTE_PTR in, CK_ULONG inLength),
	(s, in, inLength), s, 0, NOTHING)
FUNCTION(C_SignFinal, (CK_SESSION_HANDLE s, CK_BYTE_PTR out, CK_ULONG_PTR length),
	(s, out, length), s, 0, out, length)
FUNCTION(C_SignRecoverInit, (CK_SESSION_HANDLE s, CK_MECHANISM_PTR by, CK_OBJECT_HANDLE key),
	(s, by, key), s, key, NOTHING)
FUNCTION(C_SignRecover, (CK_SESSION_HANDLE s, CK_BYTE_PTR in, CK_ULONG inLength, CK_BYTE_PTR out,
	CK_ULONG_PTR length), (s, in, inLength, out, length), s, 0, out, length)
FUNCTION(C_VerifyInit, (CK_SESSION_HANDLE s, CK_MECHANISM_PTR by, CK_OBJECT_HANDLE key),
	(s, by, key), s, key, NOTHING)
FUNCTION(C_Verify, (CK_SESSION_HANDLE s, CK_BYTE_PTR in, CK_ULONG inLength, CK_BYTE_PTR signature,
	CK_ULONG length), (s, in, inLength, signature, length), s, 0, NOTHING)
FUNCTION(C_VerifyUpdate, (CK_SESSION_HANDLE s, CK_BYTE_PTR in, CK_ULONG inLength),
	(s, in, inLength), s, 0, NOTHING)
FUNCTION(C_VerifyFinal, (CK_SESSION_HANDLE s, CK_BYTE_PTR signature, CK_ULONG length),
	(s, signature, length), s, 0, NOTHING)
FUNCTION(C_VerifyRecoverInit, (CK_SESSION_HANDLE s, CK_MECHANISM_PTR by, CK_OBJECT_HANDLE key),
	(s, by, key), s, key, NOTHING)
FUNCTION(C_VerifyRecover, (CK_SESSION_HANDLE s, CK_BYTE_PTR in, CK_ULONG inLength, CK_BYTE_PTR out,
	CK_ULONG_PTR length), (s, in, inLength, out, length), s, 0, out, length)
FUNCTION(C_DigestEncryptUpdate, (CK_SESSION_HANDLE s, CK_BYTE_PTR in, CK_ULONG inLength,
	CK_BYTE_PTR out, CK_ULONG_PTR length), (s, in, inLength, out, length), s, 0, out, length)
FUNCTION(C_DecryptDigestUpdate, (CK_SESSION_HANDLE s, CK_BYTE_PTR in, CK_ULONG inLength,
	CK_BYTE_PTR out, CK_ULONG_PTR length), (s, in, inLength, out, length), s, 0, out, length)
FUNCTION(C_SignEncryptUpdate, (CK_SESSION_HANDLE s, CK_BYTE_PTR in, CK_ULONG inLength,
	CK_BYTE_PTR out, CK_ULONG_PTR length), (s, in, inLength, out, length), s, 0, out, length)
FUNCTION(C_DecryptVerifyUpdate, (CK_SESSION_HANDLE s, CK_BYTE_PTR in, CK_ULONG inLength,
	CK_BYTE_PTR out, CK_ULONG_PTR length), (s, in, inLength, out, length), s, 0, out, length)

FUNCTION(C_GenerateKey, (CK_SESSION_HANDLE s, CK_MECHANISM_PTR by, CK_ATTRIBUTE_PTR template,
	CK_ULONG count, CK_OBJECT_HANDLE_PTR made), (s, by, template, count, made), s, 0, NOTHING)
FUNCTION(C_GenerateKeyPair, (CK_SESSION_HANDLE s, CK_MECHANISM_PTR by, CK_ATTRIBUTE_PTR public,
	CK_ULONG publicCount, CK_ATTRIBUTE_PTR private, CK_ULONG privateCount,
	CK_OBJECT_HANDLE_PTR publicKey, CK_OBJECT_HANDLE_PTR privateKey),
	(s, by, public, publicCount, private, privateCount, publicKey, privateKey), s, 0, NOTHING)
FUNCTION(C_WrapKey, (CK_SESSION_HANDLE s, CK_MECHANISM_PTR by, CK_OBJECT_HANDLE kek,
	CK_OBJECT_HANDLE key, CK_BYTE_PTR out, CK_ULONG_PTR length),
	(s, by, kek, key, out, length), s, kek, out, length)
FUNCTION(C_UnwrapKey, (CK_SESSION_HANDLE s, CK_MECHANISM_PTR by, CK_OBJECT_HANDLE kek,
	CK_BYTE_PTR wrapped, CK_ULONG wrappedLength, CK_ATTRIBUTE_PTR template, CK_ULONG count,
	CK_OBJECT_HANDLE_PTR made), (s, by, kek, wrapped, wrappedLength, template, count, made),
	s, kek, NOTHING)
FUNCTION(C_DeriveKey, (CK_SESSION_HANDLE s, CK_MECHANISM_PTR by, CK_OBJECT_HANDLE base,
	CK_ATTRIBUTE_PTR template, CK_ULONG count, CK_OBJECT_HANDLE_PTR made),
	(s, by, base, template, count, made), s, base, NOTHING)
FUNCTION(C_SeedRandom, (CK_SESSION_HANDLE s, CK_BYTE_PTR seed, CK_ULONG length),
	(s, seed, length), s, 0, NOTHING)
FUNCTION(C_GenerateRandom, (CK_SESSION_HANDLE s, CK_BYTE_PTR out, CK_ULONG length),
	(s, out, length), s, 0, out, &length)
FUNCTION(C_GetFunctionStatus, (CK_SESSION_HANDLE s), (s), s, 0, NOTHING)
FUNCTION(C_CancelFunction, (CK_SESSION_HANDLE s), (s), s, 0, NOTHING)
FUNCTION(C_WaitForSlotEvent, (CK_FLAGS flags, CK_SLOT_ID_PTR slot, CK_VOID_PTR reserved),
	(flags, slot, reserved), 0, 0, NOTHING)

#undef NOTHING
