"""Word differences."""

from __future__ import annotations

import time

from shop_ai.admin.diff import ISLAND, Piece, tokens, words


def joined(pieces, *kinds):
    return "".join(piece.text for piece in pieces if piece.kind in kinds)


def test_equal_texts_are_one_piece():
    assert words("a stool of wood", "a stool of wood") == [Piece("same", "a stool of wood")]


def test_two_empty_texts_have_no_pieces():
    assert words("", "") in ([], [Piece("same", "")])


def test_a_new_text_is_all_added():
    assert words("", "A stool.") == [Piece("ins", "A stool.")]


def test_a_text_taken_away_is_all_removed():
    assert words("A stool.", "") == [Piece("del", "A stool.")]


def test_a_changed_word_is_removed_and_added_where_it_stood():
    pieces = words("This is a red stool for the kitchen.", "This is a blue stool for the kitchen.")

    assert [(piece.kind, piece.text) for piece in pieces] == [
        ("same", "This is a "),
        ("del", "red "),
        ("ins", "blue "),
        ("same", "stool for the kitchen."),
    ]


def test_chinese_is_compared_character_by_character():
    pieces = words("这款凳子是红色的木头做的", "这款凳子是蓝色的木头做的")

    assert joined(pieces, "del") == "红"
    assert joined(pieces, "ins") == "蓝"


def test_chinese_and_latin_side_by_side_are_split():
    assert tokens("重量9.4 kg，好") == ["重", "量", "9", ".", "4 ", "kg", "，", "好"]


def test_nothing_is_lost_of_either_text():
    before = "One  two\nthree, four; five six seven eight."
    after = "One two three, 4 (four); six seven nine eight!"
    pieces = words(before, after)

    assert joined(pieces, "same", "ins") == after
    assert joined(pieces, "same", "del").split() == before.split()


def test_a_word_or_two_in_common_do_not_split_a_change():
    assert ISLAND == 3
    pieces = words("start here now red of green end it all", "start here now blue of yellow end it all")

    assert [piece.text for piece in pieces if piece.kind == "del"] == ["red of green "]


def test_texts_with_nothing_in_common_stand_one_after_the_other():
    assert [piece.kind for piece in words("a b c d e f g h", "i j k l m n o p")] == ["del", "ins"]


def test_very_long_texts_are_shown_as_a_whole():
    before, after = "word " * 4000, "other " * 4000

    assert words(before, after) == [Piece("del", before), Piece("ins", after)]
    assert words(before, before) == [Piece("same", before)]


def test_six_hundred_words_are_compared_in_a_moment():
    before = " ".join(f"word{number % 90}" for number in range(600))
    after = " ".join(f"word{number % 97}" for number in range(600))
    started = time.perf_counter()

    words(before, after)

    assert time.perf_counter() - started < 1
