%%% Points in time: wall clock fields and the clock's offset from UTC in minutes. Proleptic Gregorian, years from 0 on.
-module(beamtalk_datetime).

-export([
    now/0,
    make/8,
    from_timestamp/1,
    from_string/1,
    parse/2,
    timestamp/1,
    to_string/1,
    to_offset/2,
    format/2,
    add/4,
    add_duration/2,
    diff_seconds/3,
    subtract/2,
    compare/4
]).

-compile({no_auto_import, [now/0]}).

-type datetime() :: #{'$class' := module(), year := integer(), offsetMinutes := integer(), atom() => term()}.

%% Seconds from the start of year 0 to the start of 1970.
-define(EPOCH, 62167219200).
-define(IS_DATETIME(Self), #{'$class' := 'bt@stdlib@DateTime'} = Self).

%% ---- construction --------------------------------------------------------------------------------------------

-spec now() -> datetime().
now() ->
    at_second(erlang:system_time(second) + ?EPOCH, 0).

-spec make(term(), term(), term(), term(), term(), term(), term(), atom()) -> datetime().
make(Year, Month, Day, Hour, Minute, Second, Offset, Selector) ->
    case checked({Year, Month, Day}, {Hour, Minute, Second}, Offset) of
        ok -> fields({{Year, Month, Day}, {Hour, Minute, Second}}, Offset);
        {error, Text} -> type_error(Selector, Text)
    end.

checked(Date, Time, Offset) ->
    case {is_date(Date), is_time(Time), is_offset(Offset)} of
        {false, _, _} -> {error, shown("Invalid date: ~ts-~ts-~ts", Date)};
        {_, false, _} -> {error, shown("Invalid time: ~ts:~ts:~ts", Time)};
        {_, _, false} -> {error, <<"The offset must be an Integer from -720 to 840">>};
        _ -> ok
    end.

shown(Format, Parts) ->
    Texts = [beamtalk_print:print_string(Part) || Part <- tuple_to_list(Parts)],
    unicode:characters_to_binary(io_lib:format(Format, Texts)).

is_date({Year, Month, Day}) when is_integer(Year), Year >= 0, is_integer(Month), is_integer(Day) ->
    calendar:valid_date(Year, Month, Day);
is_date(_) ->
    false.

is_time({Hour, Minute, Second}) ->
    is_integer(Hour) andalso Hour >= 0 andalso Hour =< 23 andalso
        is_integer(Minute) andalso Minute >= 0 andalso Minute =< 59 andalso
        is_integer(Second) andalso Second >= 0 andalso Second =< 59.

is_offset(Offset) ->
    is_integer(Offset) andalso Offset >= -720 andalso Offset =< 840.

fields({{Year, Month, Day}, {Hour, Minute, Second}}, Offset) ->
    #{
        '$class' => 'bt@stdlib@DateTime',
        year => Year,
        month => Month,
        day => Day,
        hour => Hour,
        minute => Minute,
        second => Second,
        offsetMinutes => Offset
    }.

-spec from_timestamp(term()) -> datetime().
from_timestamp(Seconds) when is_integer(Seconds) -> in_range(Seconds + ?EPOCH, 0, 'fromTimestamp:');
from_timestamp(_) -> type_error('fromTimestamp:', <<"The timestamp must be an Integer.">>).

%% The point so many seconds after the start of year 0, UTC, on a clock with an offset.
in_range(Second, Offset, Selector) ->
    case Second + Offset * 60 >= 0 of
        true -> at_second(Second, Offset);
        false -> type_error(Selector, <<"Years before 0 are out of range.">>)
    end.

at_second(Second, Offset) ->
    fields(calendar:gregorian_seconds_to_datetime(Second + Offset * 60), Offset).

-spec from_string(term()) -> datetime().
from_string(Text) when is_binary(Text) ->
    Pattern = "^(\\d{4})-(\\d\\d)-(\\d\\d)T(\\d\\d):(\\d\\d):(\\d\\d)(?:Z|([+-])(\\d\\d):(\\d\\d))?\\z",
    case re:run(Text, Pattern, [{capture, all_but_first, binary}]) of
        {match, [Year, Month, Day, Hour, Minute, Second | Zone]} ->
            [Y, Mo, D, H, Mi, S] = [binary_to_integer(Digits) || Digits <- [Year, Month, Day, Hour, Minute, Second]],
            make(Y, Mo, D, H, Mi, S, zone(Zone), 'fromString:');
        nomatch ->
            type_error('fromString:', <<"A point in time is written like 2026-02-18T09:30:00Z.">>)
    end;
from_string(_) ->
    type_error('fromString:', <<"The argument must be a String.">>).

zone([]) -> 0;
zone([<<"-">>, Hours, Minutes]) -> -minutes(Hours, Minutes);
zone([<<"+">>, Hours, Minutes]) -> minutes(Hours, Minutes).

minutes(Hours, Minutes) ->
    binary_to_integer(Hours) * 60 + binary_to_integer(Minutes).

%% ---- the instant ---------------------------------------------------------------------------------------------

-spec timestamp(datetime()) -> integer().
timestamp(Self) ->
    utc_second(Self) - ?EPOCH.

utc_second(#{offsetMinutes := Offset} = Self) ->
    calendar:datetime_to_gregorian_seconds(wall_clock(Self)) - Offset * 60.

wall_clock(#{year := Y, month := Mo, day := D, hour := H, minute := Mi, second := S}) ->
    {{Y, Mo, D}, {H, Mi, S}}.

-spec to_offset(datetime(), term()) -> datetime().
to_offset(Self, Offset) ->
    case is_offset(Offset) of
        true -> in_range(utc_second(Self), Offset, 'toOffset:');
        false -> type_error('toOffset:', <<"The offset must be an Integer from -720 to 840">>)
    end.

-spec add(datetime(), term(), pos_integer(), atom()) -> datetime().
add(#{offsetMinutes := Offset} = Self, Count, Unit, Selector) when is_integer(Count) ->
    in_range(utc_second(Self) + Count * Unit, Offset, Selector);
add(_, _, _, Selector) ->
    type_error(Selector, <<"The count must be an Integer.">>).

-spec add_duration(datetime(), term()) -> datetime().
add_duration(Self, #{'$class' := 'bt@stdlib@Duration', millis := Millis}) ->
    add(Self, Millis div 1000, 1, 'addDuration:');
add_duration(_, _) ->
    type_error('addDuration:', <<"The argument must be a Duration.">>).

-spec diff_seconds(datetime(), term(), atom()) -> integer().
diff_seconds(Self, ?IS_DATETIME(Other), _) -> utc_second(Self) - utc_second(Other);
diff_seconds(_, _, Selector) -> type_error(Selector, <<"The argument must be a DateTime.">>).

-spec subtract(datetime(), term()) -> beamtalk_duration:duration().
subtract(Self, Other) ->
    beamtalk_duration:of_millis(diff_seconds(Self, Other, '-') * 1000).

-spec compare(datetime(), '<' | '>' | '=<' | '>=' | '=:=' | '=/=', term(), atom()) -> boolean().
compare(Self, Operator, Other, Selector) ->
    erlang:Operator(diff_seconds(Self, Other, Selector), 0).

%% ---- text ----------------------------------------------------------------------------------------------------

-spec to_string(datetime()) -> binary().
to_string(#{offsetMinutes := Offset} = Self) ->
    {{Y, Mo, D}, {H, Mi, S}} = wall_clock(Self),
    Rest = io_lib:format("-~2..0b-~2..0bT~2..0b:~2..0b:~2..0b~ts", [Mo, D, H, Mi, S, offset_text(Offset)]),
    iolist_to_binary([padded(Y, 4) | Rest]).

offset_text(0) ->
    "Z";
offset_text(Offset) ->
    Sign = if Offset < 0 -> $-; true -> $+ end,
    io_lib:format("~c~2..0b:~2..0b", [Sign, abs(Offset) div 60, abs(Offset) rem 60]).

-spec format(datetime(), term()) -> binary().
format(Self, Pattern) ->
    case is_binary(Pattern) andalso beamtalk_string:is_text(Pattern) of
        true -> unicode:characters_to_binary([piece(Token, Self) || Token <- tokens(Pattern)]);
        false -> type_error('format:', <<"The pattern must be a String.">>)
    end.

piece({year, 2}, #{year := Year}) -> padded(Year rem 100, 2);
piece({Field, Width}, Self) -> padded(map_get(Field, Self), Width);
piece(Character, _) -> Character.

padded(Number, 1) -> integer_to_list(Number);
padded(Number, Width) -> string:pad(integer_to_list(Number), Width, leading, $0).

%% Runs of field letters as {Field, Length}, everything else as characters.
tokens(Pattern) ->
    tokens(unicode:characters_to_list(Pattern), []).

tokens([Letter | Rest], Done) ->
    case field(Letter) of
        none -> tokens(Rest, [[Letter] | Done]);
        Field -> run(Rest, Letter, {Field, 1}, Done)
    end;
tokens([], Done) ->
    lists:reverse(Done).

run([Letter | Rest], Letter, {Field, Length}, Done) -> run(Rest, Letter, {Field, Length + 1}, Done);
run(Rest, _, Token, Done) -> tokens(Rest, [Token | Done]).

field($y) -> year;
field($M) -> month;
field($d) -> day;
field($H) -> hour;
field($m) -> minute;
field($s) -> second;
field(_) -> none.

-spec parse(term(), term()) -> beamtalk_result:result().
parse(Text, Pattern) when is_binary(Text), is_binary(Pattern) ->
    case beamtalk_string:is_text(Text) andalso beamtalk_string:is_text(Pattern) of
        true -> parse_text(Text, Pattern);
        false -> unparsed(<<"Input does not match the given pattern">>)
    end;
parse(_, _) ->
    type_error('parse:format:', <<"Both arguments must be Strings.">>).

parse_text(Text, Pattern) ->
    Defaults = #{year => 0, month => 1, day => 1, hour => 0, minute => 0, second => 0},
    case match(tokens(Pattern), unicode:characters_to_list(Text), Defaults) of
        {ok, #{year := Y, month := Mo, day := D, hour := H, minute := Mi, second := S}} ->
            case checked({Y, Mo, D}, {H, Mi, S}, 0) of
                ok -> beamtalk_result:ok(fields({{Y, Mo, D}, {H, Mi, S}}, 0));
                {error, _} -> unparsed(<<"Parsed date/time is out of range">>)
            end;
        error ->
            unparsed(<<"Input does not match the given pattern">>)
    end.

unparsed(Hint) ->
    beamtalk_result:parse_error('DateTime', 'parse:format:', Hint).

match([{Field, Width} | Tokens], Text, Fields) ->
    {Least, Most} = digits_of(Field, Width),
    case digits(Text, Most, []) of
        {Digits, Rest} when length(Digits) >= Least ->
            match(Tokens, Rest, Fields#{Field => century(Field, Width) + list_to_integer(Digits)});
        _ ->
            error
    end;
match([[Character] | Tokens], [Character | Rest], Fields) ->
    match(Tokens, Rest, Fields);
match([], [], Fields) ->
    {ok, Fields};
match(_, _, _) ->
    error.

digits_of(year, 1) -> {1, 9};
digits_of(_, 1) -> {1, 2};
digits_of(_, Width) -> {Width, Width}.

century(year, 2) -> 2000;
century(_, _) -> 0.

digits([Digit | Rest], Most, Done) when Most > 0, Digit >= $0, Digit =< $9 -> digits(Rest, Most - 1, [Digit | Done]);
digits(Rest, _, Done) -> {lists:reverse(Done), Rest}.

-spec type_error(atom(), binary()) -> no_return().
type_error(Selector, Hint) ->
    beamtalk_error:raise(type_error, 'DateTime', Selector, Hint).
