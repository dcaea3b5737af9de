%%% Test results as text.
-module(beamtalk_test_report).

-export([of_class/1, of_method/2, summary/1, failures/1, print_string/1]).

-spec of_class({'$class', module()}) -> binary().
of_class(Class) ->
    case beamtalk_test_run:class(Class) of
        #{passed := 0, failed := 0, skipped := 0} ->
            <<"No test methods found in ", (beamtalk_print:class_label(Class))/binary>>;
        Result ->
            report(Result)
    end.

%% A missing method is said so, without a report.
-spec of_method({'$class', module()}, atom()) -> binary().
of_method(Class, Selector) ->
    case beamtalk_test_run:method(Class, Selector) of
        #{failures := [#{frames := [], message := <<"Method '", _/binary>> = Message}]} -> Message;
        Result -> report(Result)
    end.

report(#{failures := Failures} = Result) ->
    unicode:characters_to_binary([summary(Result), [["\n\n", lists:join("\n", [failure(F) || F <- Failures])] || Failures =/= []]]).

failure(#{name := Name, message := Message, frames := Frames}) ->
    ["  FAIL: ", atom_to_binary(Name), "\n", indented(Message), [["\n", "  at ", Place] || Place <- places(Frames)]].

%% The user's frames: those of Beamtalk classes whose source is known, without the library's own.
places(Frames) ->
    [
        [atom_to_binary(Class), ">>", atom_to_binary(Method), " (", File, ":", integer_to_binary(Line), ")"]
     || #{receiverClass := Class, method := Method, file := File, line := Line, moduleName := Module} <- Frames,
        Class =/= nil,
        File =/= nil,
        Line =/= nil,
        binary:match(Module, <<"bt@stdlib@">>) =:= nomatch
    ].

indented(Message) ->
    ["    ", binary:replace(Message, <<"\n">>, <<"\n    ">>, [global])].

%% `4 tests, 2 passed, 1 skipped, 1 failed (0.0s)'
-spec summary(beamtalk_test_run:result()) -> binary().
summary(#{passed := Passed, failed := Failed, skipped := Skipped, duration := Duration}) ->
    Parts = [
        [integer_to_binary(Passed + Failed + Skipped), " tests"],
        [integer_to_binary(Passed), " passed"]
        | [[integer_to_binary(Count), Word] || {Count, Word} <- [{Skipped, " skipped"}, {Failed, " failed"}], Count > 0]
    ],
    iolist_to_binary([lists:join(", ", Parts), " (", float_to_binary(Duration, [{decimals, 1}]), "s)"]).

-spec failures(beamtalk_test_run:result()) -> [#{name | error => term()}].
failures(#{failures := Failures}) ->
    [#{name => Name, error => Message} || #{name := Name, message := Message} <- Failures].

-spec print_string(beamtalk_test_run:result()) -> binary().
print_string(#{failures := Failures} = Result) ->
    Lines = [
        ["  ✗ ", atom_to_binary(Class), ">>", atom_to_binary(Name), "\n", indented(Message), "\n"]
     || #{class := Class, name := Name, message := Message} <- Failures
    ],
    unicode:characters_to_binary([Lines, "TestResult(", summary(Result), ")"]).
