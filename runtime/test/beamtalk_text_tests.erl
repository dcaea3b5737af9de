%%% Strings, binaries and regular expressions.
-module(beamtalk_text_tests).

-include_lib("eunit/include/eunit.hrl").

-define(assertKind(Kind, Expression), ?assertError(#{kind := Kind}, Expression)).
-define(FAMILY, <<"👨‍👩‍👧"/utf8>>).

strings_count_graphemes_test_() ->
    [
        ?_assertEqual(2, beamtalk_string:length(<<?FAMILY/binary, "x">>)),
        ?_assertEqual(0, beamtalk_string:length(<<>>)),
        ?_assertEqual(3, beamtalk_string:length(<<"abc">>)),
        ?_assertEqual(2, beamtalk_string:length(<<"a\r\n">>)),
        ?_assertEqual([<<"a">>, <<"\r\n">>], beamtalk_string:as_list(<<"a\r\n">>)),
        ?_assertEqual([<<"e\x{301}"/utf8>>, <<"b">>], beamtalk_string:as_list(<<"e\x{301}b"/utf8>>)),
        ?_assertEqual(<<"b", ?FAMILY/binary>>, beamtalk_string:reverse(<<?FAMILY/binary, "b">>))
    ].

bytes_that_are_no_text_are_bytes_test() ->
    Bytes = <<1, 255, 200>>,
    ?assertEqual({'$class', 'bt@stdlib@Binary'}, beamtalk_binary:class(Bytes)),
    ?assertEqual({'$class', 'bt@stdlib@String'}, beamtalk_binary:class(<<>>)),
    ?assertEqual(3, beamtalk_string:length(Bytes)),
    ?assertEqual([1, 255, 200], beamtalk_string:as_list(Bytes)),
    ?assertEqual(255, beamtalk_string:at(Bytes, 2)),
    ?assertEqual([2, 256, 201], beamtalk_string:collect(Bytes, fun(B) -> B + 1 end)),
    ?assertEqual([255, 200], beamtalk_string:select(Bytes, fun(B) -> B > 1 end)),
    ?assertKind(type_error, beamtalk_string:uppercase(Bytes)),
    ?assertKind(type_error, beamtalk_string:reverse(Bytes)).

positions_count_from_one_test() ->
    ?assertEqual(<<"é"/utf8>>, beamtalk_string:at(<<"aé"/utf8>>, 2)),
    ?assertError(
        #{kind := index_out_of_bounds, hint := <<"Index is beyond string length">>},
        beamtalk_string:at(<<"a">>, 2)
    ),
    ?assertError(
        #{kind := index_out_of_bounds, hint := <<"Index must be >= 1 (1-based indexing)">>},
        beamtalk_string:at(<<>>, 0)
    ),
    ?assertKind(empty_collection, beamtalk_string:at(<<>>, 1)),
    ?assertKind(type_error, beamtalk_string:at(<<"a">>, a)),
    ?assertEqual(<<"é"/utf8>>, beamtalk_string:last(<<"aé"/utf8>>)),
    ?assertKind(empty_collection, beamtalk_string:first(<<>>)),
    ?assertEqual(3, beamtalk_string:index_of(<<"éab"/utf8>>, <<"b">>)),
    ?assertEqual(nil, beamtalk_string:index_of(<<"ab">>, <<>>)).

take_and_drop_clamp_test_() ->
    [
        ?_assertEqual(<<"éa"/utf8>>, beamtalk_string:take(<<"éab"/utf8>>, 2)),
        ?_assertEqual(<<"ab">>, beamtalk_string:take(<<"ab">>, 9)),
        ?_assertEqual(<<>>, beamtalk_string:take(<<"ab">>, -1)),
        ?_assertEqual(<<"b">>, beamtalk_string:drop(<<"éab"/utf8>>, 2)),
        ?_assertEqual(<<>>, beamtalk_string:drop(<<"ab">>, 9)),
        ?_assertEqual(<<"ab">>, beamtalk_string:drop(<<"ab">>, 0)),
        ?_assertError(#{kind := type_error}, beamtalk_string:take(<<"ab">>, a))
    ].

cases_follow_unicode_test() ->
    ?assertEqual(<<"STRASSE">>, beamtalk_string:uppercase(<<"straße"/utf8>>)),
    ?assertEqual(<<"äö"/utf8>>, beamtalk_string:lowercase(<<"ÄÖ"/utf8>>)),
    ?assertEqual(<<"Élan"/utf8>>, beamtalk_string:capitalize(<<"élan"/utf8>>)),
    ?assertEqual(<<>>, beamtalk_string:capitalize(<<>>)).

padding_counts_characters_test() ->
    ?assertEqual(<<"  é"/utf8>>, beamtalk_string:pad_left(<<"é"/utf8>>, 3)),
    ?assertEqual(<<"abxyxy">>, beamtalk_string:pad_right(<<"ab">>, 4, <<"xy">>)),
    ?assertEqual(<<"ab">>, beamtalk_string:pad_right(<<"ab">>, 1)),
    ?assertEqual(<<"ab">>, beamtalk_string:pad_left(<<"ab">>, 4, <<>>)).

splitting_keeps_empty_pieces_test() ->
    ?assertEqual([<<"a">>, <<>>, <<"b">>], beamtalk_string:split(<<"a,,b">>, <<",">>)),
    ?assertEqual([<<>>], beamtalk_string:split(<<>>, <<",">>)),
    ?assertKind(argument_error, beamtalk_string:split(<<"a">>, <<>>)),
    ?assertEqual([<<"a">>], beamtalk_string:split_on(<<"a">>, <<>>)),
    ?assertEqual([<<"a">>, <<"b">>, <<>>], beamtalk_string:lines(<<"a\r\nb\n">>)),
    ?assertEqual([<<"a">>, <<"b">>], beamtalk_string:words(<<" a \t\r\nb ">>)),
    ?assertEqual([], beamtalk_string:words(<<>>)).

replacing_is_literal_test() ->
    ?assertEqual(<<"bANANa">>, beamtalk_string:replace_all(<<"banana">>, <<"an">>, <<"AN">>)),
    ?assertEqual(<<"b&ana">>, beamtalk_string:replace_first(<<"banana">>, <<"an">>, <<"&">>)),
    ?assertKind(argument_error, beamtalk_string:replace_all(<<"a">>, <<>>, <<>>)),
    ?assertKind(argument_error, beamtalk_string:replace_all(<<"a">>, a, <<>>)).

prefixes_and_parts_test() ->
    ?assert(beamtalk_string:starts_with(<<"abc">>, <<"ab">>)),
    ?assert(beamtalk_string:starts_with(<<"abc">>, <<>>)),
    ?assertNot(beamtalk_string:starts_with(<<"a">>, <<"ab">>)),
    ?assert(beamtalk_string:ends_with(<<"abc">>, <<"bc">>)),
    ?assert(beamtalk_string:includes_substring(<<"abc">>, <<>>)),
    ?assertKind(type_error, beamtalk_string:starts_with(<<"abc">>, a)).

numbers_are_read_strictly_test() ->
    ?assertEqual(-42, beamtalk_string:as_integer(<<"-42">>)),
    ?assertEqual(7, beamtalk_string:as_integer(<<"+7">>)),
    [?assertKind(argument_error, beamtalk_string:as_integer(T)) || T <- [<<>>, <<"1.0">>, <<" 1">>, <<"x">>]],
    ?assertEqual(1.0e3, beamtalk_string:as_float(<<"1.0e3">>)),
    [?assertKind(argument_error, beamtalk_string:as_float(T)) || T <- [<<"3">>, <<"1e3">>, <<>>]],
    ?assertKind(argument_error, beamtalk_string:as_atom(binary:copy(<<"x">>, 256))),
    ?assert(beamtalk_string:is_digit(<<"09">>)),
    ?assertNot(beamtalk_string:is_digit(<<>>)),
    ?assert(beamtalk_string:is_alpha(<<"aZ">>)),
    ?assertNot(beamtalk_string:is_alpha(<<"é"/utf8>>)),
    ?assertNot(beamtalk_string:is_alpha(<<"[">>)).

url_encoding_round_trips_test() ->
    ?assertEqual(<<"a%20%C3%A9~">>, beamtalk_string:url_encoded(<<"a é~"/utf8>>)),
    ?assertEqual(<<"a é~+"/utf8>>, beamtalk_string:url_decoded(<<"a%20%c3%A9~+">>)),
    ?assertEqual(<<"a%2">>, beamtalk_string:url_decoded(<<"a%2">>)),
    ?assertKind(parse_error, beamtalk_string:url_decoded(<<"%zz">>)).

strings_are_built_from_parts_test() ->
    ?assertEqual(<<"é"/utf8>>, beamtalk_string:from_code_point(233)),
    ?assertEqual(<<"aé"/utf8>>, beamtalk_string:from_code_points([$a, 233])),
    ?assertEqual(<<"é"/utf8>>, beamtalk_string:from_iolist([195, 169])),
    ?assertEqual(<<"é"/utf8>>, beamtalk_string:from_iolist([233])),
    ?assertEqual(<<"ab">>, beamtalk_string:from_strings([<<"a">>, $b])),
    [?assertKind(type_error, beamtalk_string:from_code_point(C)) || C <- [-1, 16#D800, 16#110000, a]],
    ?assertKind(type_error, beamtalk_string:from_code_points([a])),
    ?assertKind(type_error, beamtalk_string:from_iolist(a)),
    ?assertKind(argument_error, beamtalk_string:from_strings([a])).

collecting_joins_the_answers_test() ->
    ?assertEqual(<<"aabb">>, beamtalk_string:collect(<<"ab">>, fun(C) -> <<C/binary, C/binary>> end)),
    ?assertKind(argument_error, beamtalk_string:collect(<<"ab">>, fun(_) -> a end)),
    ?assertEqual(<<"b">>, beamtalk_string:reject(<<"ab">>, fun(C) -> C =:= <<"a">> end)).

%% ---- binaries ------------------------------------------------------------------------------------------------

binary_positions_test() ->
    ?assertEqual(2, beamtalk_binary:at(<<1, 2>>, 2)),
    ?assertEqual(1, beamtalk_binary:byte_at(<<1, 2>>, 0)),
    ?assertError(#{kind := index_out_of_bounds, selector := 'byteAt:'}, beamtalk_binary:byte_at(<<>>, 0)),
    ?assertKind(empty_collection, beamtalk_binary:at(<<>>, 1)),
    ?assertEqual(<<2>>, beamtalk_binary:part(<<1, 2, 3>>, 1, 1)),
    ?assertEqual(<<>>, beamtalk_binary:part(<<1>>, 1, 0)),
    ?assertError(#{kind := index_out_of_bounds, selector := 'part:size:'}, beamtalk_binary:part(<<1>>, 0, 2)),
    ?assertKind(type_error, beamtalk_binary:concat(<<>>, a)).

encodings_answer_results_test() ->
    ?assertMatch(#{isOk := true, okValue := <<"hi">>}, beamtalk_binary:from_base64(<<"aGk=">>)),
    ?assertMatch(#{isOk := true, okValue := <<251, 255>>}, beamtalk_binary:from_base64_url(<<"-_8">>)),
    ?assertMatch(#{isOk := true, okValue := <<"hi">>}, beamtalk_binary:from_hex(<<"6869">>)),
    [
        ?assertMatch(#{isOk := false, errReason := #{kind := parse_error}}, Result)
     || Result <- [
            beamtalk_binary:from_base64(<<"aGk">>),
            beamtalk_binary:from_base64(<<"aG\nk=">>),
            beamtalk_binary:from_base64_url(<<"+/8=">>),
            beamtalk_binary:from_hex(<<"686">>),
            beamtalk_binary:from_hex(<<"zz">>)
        ]
    ],
    ?assertKind(type_error, beamtalk_binary:from_hex(12)),
    ?assertEqual(<<"-_8=">>, beamtalk_binary:as_base64_url(<<251, 255>>)),
    ?assertEqual(<<"01ff">>, beamtalk_binary:as_hex(<<1, 255>>)).

deserializing_is_safe_test() ->
    ?assertEqual({1, x}, beamtalk_binary:deserialize(term_to_binary({1, x}))),
    ?assertEqual({1, 3}, beamtalk_binary:deserialize_with_used(<<131, 97, 1, 9>>)),
    Unknown = <<131, 119, 20, "atom_nobody_knows_zz">>,
    ?assertKind(type_error, beamtalk_binary:deserialize(Unknown)),
    ?assertKind(type_error, beamtalk_binary:deserialize(<<"junk">>)),
    ?assertKind(type_error, beamtalk_binary:deserialize(5)).

text_is_validated_test() ->
    ?assertEqual(<<"hi">>, beamtalk_binary:as_string(<<"hi">>)),
    ?assertMatch(
        #{isOk := false, errReason := #{hint := <<"The byte at offset 1 is no UTF-8.">>}},
        beamtalk_binary:as_string(<<"h", 255>>)
    ),
    ?assertKind(type_error, beamtalk_binary:from_bytes([256])),
    ?assertKind(type_error, beamtalk_binary:from_bytes(5)),
    ?assertKind(type_error, beamtalk_binary:from_iolist(a)).

%% ---- regular expressions -------------------------------------------------------------------------------------

regular_expressions_test() ->
    ?assert(beamtalk_regex:matches(<<"ab12">>, <<"\\d+">>)),
    ?assert(beamtalk_regex:matches(<<"AB">>, <<"ab">>, [caseless])),
    ?assertEqual(<<"12">>, beamtalk_regex:first_match(<<"ab12">>, <<"\\d+">>)),
    ?assertEqual(nil, beamtalk_regex:first_match(<<"ab">>, <<"\\d+">>)),
    ?assertEqual([<<"1">>, <<"2">>], beamtalk_regex:all_matches(<<"1a2">>, <<"\\d">>)),
    ?assertEqual(4, length(beamtalk_regex:all_matches(<<"aéb"/utf8>>, <<".">>))),
    ?assertEqual(<<"<1>a2">>, beamtalk_regex:replace_first(<<"1a2">>, <<"\\d">>, <<"<&>">>)),
    ?assertEqual(<<"<1>a<2>">>, beamtalk_regex:replace_all(<<"1a2">>, <<"(\\d)">>, <<"<\\1>">>)),
    ?assertEqual([<<"a">>, <<"b">>], beamtalk_regex:split(<<"a1b2">>, <<"\\d">>)),
    ?assertEqual([<<"a">>, <<"b">>], beamtalk_regex:split(<<"ab">>, <<>>)).

bad_patterns_say_where_test() ->
    ?assertError(
        #{kind := regex_error, errorClass := 'String', hint := <<"Invalid pattern: ", _/binary>>},
        beamtalk_regex:matches(<<"a">>, <<"(">>)
    ),
    ?assertMatch(#{isOk := false, errReason := #{kind := regex_error}}, beamtalk_regex:from(<<"(">>)),
    ?assertMatch(#{isOk := true}, beamtalk_regex:from(<<"a">>, [caseless])),
    ?assertKind(regex_error, beamtalk_regex:from(<<"a">>, [sideways])),
    ?assertKind(type_error, beamtalk_regex:from(a)),
    ?assertKind(type_error, beamtalk_regex:matches(<<"a">>, 5)).

a_regex_object_is_a_pattern_test() ->
    #{okValue := Regex} = beamtalk_regex:from(<<"B">>, [caseless]),
    ?assertEqual(<<"b">>, beamtalk_regex:first_match(<<"abc">>, Regex)).
