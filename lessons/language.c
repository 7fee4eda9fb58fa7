/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The choice of the language, and our words in each. English is a contract for scripts only where
 * the command line says so; these are sentences for people. Japanese: です・ます in sentences, 体言止め in
 * labels, a guess is never 不正解.
 */
#include "language.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "str.h"
#include "text.h"

static const char *const codes[LANGUAGES] = {[LANGUAGE_EN] = "en", [LANGUAGE_JA] = "ja"};

const char *language_code(enum language language)
{
	return codes[language];
}

bool language_parse(const char *text, enum language *ret_language)
{
	size_t length = strcspn(text, "_.@:-");

	for (enum language language = 0; language < LANGUAGES; language++)
		if (strlen(codes[language]) == length && !strncmp(text, codes[language], length)) {
			*ret_language = language;
			return true;
		}
	if (length == 1 && (text[0] == 'C' || !strcmp(text, "POSIX"))) {
		*ret_language = LANGUAGE_EN;
		return true;
	}
	return false;
}

/* LANGUAGE is a list: "fr:ja:en". The first that we speak. */
static bool parse_list(const char *list, enum language *ret_language)
{
	while (list && *list) {
		if (language_parse(list, ret_language))
			return true;
		list = strchr(list, ':');
		list = list ? list + 1 : NULL;
	}
	return false;
}

enum language language_choose(const char *option)
{
	static const char *const variables[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
	enum language language = LANGUAGE_EN;
	const char *terminal = getenv("TERM"), *value;

	if (option && language_parse(option, &language))
		return language;
	if (terminal && !strcmp(terminal, "linux"))
		return LANGUAGE_EN;
	if (parse_list(getenv("LANGUAGE"), &language))
		return language;
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		value = getenv(variables[i]);
		if (value && *value)
			return language_parse(value, &language) ? language : LANGUAGE_EN;
	}
	return LANGUAGE_EN;
}

static const char *const sayings[SAYINGS][LANGUAGES] = {
    [SAY_STEP] = {"Step %s of %s: %s", "ステップ%s／%s：%s"},
    [SAY_TYPE_CHECK] = {"When you have done it, type: %slesson check",
			"終わったら、次のコマンドで確認します：%slesson check"},
    [SAY_TYPE_NEXT] = {"To go on, type: %slesson next", "次へ進むコマンド：%slesson next"},
    [SAY_TYPE_TIME] = {"Your guess, for example: %slesson answer 300ms   (or 2s, 40us)",
		       "予想の入力例：%slesson answer 300ms（2s、40us、2分 なども可）"},
    [SAY_TYPE_SIZE] = {"Your guess, for example: %slesson answer 500M   (or 2G, 64K)",
		       "予想の入力例：%slesson answer 500M（2G、64K なども可）"},
    [SAY_TYPE_NUMBER] = {"Your guess, for example: %slesson answer 3",
			 "予想の入力例：%slesson answer 3"},
    [SAY_TYPE_YESNO] = {"Your guess: %slesson answer yes   (or no)",
			"予想の入力：%slesson answer はい（または いいえ）"},
    [SAY_TYPE_CHOICE] = {"Your answer, its number: %slesson answer 1",
			 "答えの番号を入力：%slesson answer 1"},
    [SAY_RUN_THIS] = {"Type this:", "入力するコマンド："},
    [SAY_PREDICT] = {"Guess first", "まず予想"},
    [SAY_QUIZ] = {"Question", "問い"},
    [SAY_CHECKS_PASSED] = {"Checked: %s of them, all as they should be.",
			   "確認結果：%s項目すべてを満たしています。"},
    [SAY_NOT_YET] = {"not yet: %s", "まだです：%s"},
    [SAY_HINT_WAITS] = {"A hint is there if you want one: %slesson hint",
			"ヒントもあります：%slesson hint"},
    [SAY_GUESS] = {"Your guess: %s", "あなたの予想：%s"},
    [SAY_GUESS_RESULT] = {"guess %s / measured %s", "予想 %s／実測 %s"},
    [SAY_APART] = {" (about %s times apart)", "（約%s倍の差）"},
    [SAY_CLOSE] = {" (very close)", "（ほぼ予想どおり）"},
    [SAY_RUNS] = {"median; 80 %% of the starts lie between %s and %s; n=%s%s",
		  "中央値。起動の8割は%s〜%s、n=%s%s"},
    [SAY_NO_VERDICT] = {"%s: no verdict on time; such a figure is only this machine's",
			"%s：時間の良し悪しは判定しません（このマシンだけの値です）"},
    [SAY_ONE_RUN] = {"one measurement (n=1)", "1回の測定（n=1）"},
    [SAY_NOT_MEASURED] = {"not measured: %s", "測定なし：%s"},
    [SAY_FACTS_UNREAD] =
	{"the facts of '%1$s' have not been read; type: %2$scompare %1$s   and "
	 "then: %2$slesson show",
	 "「%1$s」の内側の情報がまだ読み取られていません。%2$scompare %1$s の後に %2$slesson show "
	 "を入力してください"},
    [SAY_NO_FIGURE] =
	{"'%1$s' is not running; 'create' makes it, then: %2$slesson show",
	 "「%1$s」が動いていません。createでつくってから %2$slesson show を入力してください"},
    [SAY_MEASURING] = {"Measuring: %s, %s starts, one after the other …",
		       "測定中：%sを%s回、1つずつ起動します…"},
    [SAY_YES] = {"yes", "はい"},
    [SAY_NO] = {"no", "いいえ"},
    [SAY_HINT] = {"Hint %s of %s", "ヒント%s／%s"},
    [SAY_NO_HINT] = {"There is no hint here. %slesson show repeats the step.",
		     "このステップにヒントはありません。%slesson show で内容を再表示できます。"},
    [SAY_SOLUTION] = {"One way to do it (shown, not run):", "解答例（表示のみ、実行はしません）："},
    [SAY_NO_SOLUTION] = {"There is nothing to solve in this step.",
			 "このステップに解答例はありません。"},
    [SAY_RIGHT] = {"Yes.", "そのとおりです。"},
    [SAY_NOT_QUITE] = {"Many think so. But:", "そう考える人は多いのですが："},
    [SAY_NOTHING_ASKED] = {"Nothing is asked at the moment. %slesson show repeats the step.",
			   "いま答える問いはありません。%slesson show で内容を再表示できます。"},
    [SAY_ANSWER_FIRST] =
	{"A guess first, please: it makes the result stick. %slesson show repeats the question.",
	 "まず予想してみましょう（結果が記憶に残ります）。%slesson show で問いを再表示できます。"},
    [SAY_QUIZ_FIRST] = {"There is a question first. %slesson show repeats it.",
			"先に問いに答えてください。%slesson show で問いを再表示できます。"},
    [SAY_CHECK_FIRST] =
	{"This step has something to do first: %slesson check   (to leave it out: lesson next "
	 "--skip)",
	 "先にこのステップの作業があります：%slesson check（飛ばすときは lesson next --skip）"},
    [SAY_NOTHING_CHECKED] = {"There is nothing to check here. To go on: %slesson next",
			     "このステップに確認項目はありません。次へ進むコマンド：%slesson next"},
    [SAY_STALE] = {"(This translation was made of an older text.)",
		   "（この翻訳は、古い原文にもとづいています。）"},
    [SAY_UNTRANSLATED] = {"(not translated yet)", "（この部分は未翻訳です。英語で表示します。）"},
    [SAY_LESSON_BUG] = {"This is a fault of the lesson, not yours: %s",
			"教材側の不具合です（あなたの操作の問題ではありません）：%s"},
    [SAY_FORGOTTEN] = {"Forgot all answers of '%s'.", "「%s」の記録を消しました。"},
    [SAY_DONE] = {"You have finished: %s", "修了：%s"},
    [SAY_SUMMARY] = {"Your guesses and what was measured:", "あなたの予想と実測："},
    [SAY_TIDIED] = {"The sandboxes of this lesson are gone.",
		    "このレッスンのサンドボックスは片づけました。"},
    [SAY_NO_CURRENT] = {"No lesson is open. %slesson list shows them.",
			"開いているレッスンはありません。%slesson list で一覧を表示できます。"},
    [SAY_START_WITH] = {"To begin: %slesson start %s", "始めるコマンド：%slesson start %s"},
    [SAY_MINUTES] = {"%s min", "%s分"},
    [SAY_STATE_NEW] = {"new", "未着手"},
    [SAY_STATE_AT] = {"step %s of %s", "ステップ%s／%s"},
    [SAY_STATE_DONE] = {"done", "修了"},
    [SAY_BAD_ANSWER] = {"'%s' is not an answer to this question.",
			"「%s」は、この問いの答えとして読めません。"},
    [SAY_NO_GLYPHS] = {"(The Linux console has no Japanese characters: English it is. Elsewhere, "
		       "or with --lang ja, there is Japanese.)",
		       "(Linux console: no glyphs for Japanese)"},
    [SAY_NOT_KEPT] = {"Your progress cannot be kept: %s", "進み具合を保存できません：%s"},
};

const char *language_say(enum language language, enum saying saying)
{
	return sayings[saying][language];
}

char *language_format(char *buffer, size_t size, enum language language, enum saying saying,
		      const char *const a[])
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
	snprintf(buffer, size, sayings[saying][language], a[0], a[1], a[2], a[3]);
#pragma GCC diagnostic pop
	return buffer;
}

void language_print(struct out *out, enum language language, enum out_role role, enum saying saying,
		    const char *const arguments[])
{
	char text[2048];

	language_format(text, sizeof(text), language, saying, arguments);
	text_wrap_role(out, role, text, out->columns ? out->columns : 80, "", "  ");
}
