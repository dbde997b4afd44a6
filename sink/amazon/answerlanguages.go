package amazon

// Servers in front of an API answer in the language of the people who configured them. These
// are words of failure and success in the languages of Amazon's marketplaces, as far as
// no English word is spelled alike.
var (
	otherFailing = []string{ // beginnings
		"fehler", "fehlgeschl", "abgelehnt", "abgewiesen", "ungültig", "erreur", "échou", "echou", "misluk", "misslyck", "ungiltig", "ongeldig", "geweigerd",
		"rechaz", "rejeit", "rifiutat", "inválid", "odrzuc", "geçersiz", "başarısız", "ошибк", "неудач", "отклон", "خطأ",
	}
	otherFailingExactly = []string{"fallo", "fallos", "fallido", "fallida", "fallidos", "erro", "erros", "falha", "falhou", "échec", "echec", "échecs", "fallito", "fallita", "fel", "błąd", "hata", "فشل"}
	// unspaced are fragments in scripts that are written without blanks.
	unspacedFailing = []string{"失败", "失敗", "错误", "錯誤", "エラー", "异常", "異常", "拒否", "拒绝", "拒絕", "不成功", "未成功", "무효", "실패", "오류", "거부"}

	otherSuccess = []string{
		"erfolg", "erfolgreich", "angenommen", "akzeptiert", "éxito", "exito", "exitoso", "aceptado", "aceptada", "sucesso", "aceito", "aceita", "succès", "réussi",
		"accepté", "acceptée", "successo", "accettato", "accettata", "riuscito", "geaccepteerd", "gelukt", "accepterad", "başarılı", "успех", "успешно", "принято",
		"成功", "受理", "已接受", "已接收", "성공", "نجاح",
	}
	otherNegations = []string{"nicht", "kein", "keine", "ohne", "sin", "não", "nao", "sem", "pas", "sans", "aucune", "aucun", "ningún", "senza", "nessun", "geen", "niet"}
	otherStatus    = []string{
		"estado", "estatus", "statut", "stato", "zustand", "ergebnis", "resultado", "résultat", "resultat", "risultato", "durum", "sonuç", "статус", "результат",
		"状态", "狀態", "结果", "結果", "ステータス", "상태", "결과",
	}
	otherMessage = []string{
		"mensaje", "nachricht", "meldung", "mensagem", "messaggio", "bericht", "meddelande", "mesaj", "сообщение", "消息", "信息", "メッセージ", "메시지",
	}
)
