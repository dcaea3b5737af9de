%%% Why a test failed, as text: the message, and below it the Beamtalk methods that led there.
-module(beamtalk_test_text).

-export([failure/4]).

-export_type([caught/0]).

%% What `catch' says of something raised.
-type caught() :: {error | exit | throw, term(), [tuple()]}.

%% Most methods that a text names.
-define(MOST_PLACES, 3).

%% The text, and the line of the test's own file to look at.
-spec failure(binary(), caught(), module(), atom()) -> {binary(), Line :: pos_integer() | nil}.
failure(Prefix, Caught, Module, Selector) ->
    Frames = [Frame || Frame <- beamtalk_stack:stack_frames(stack(Caught)), is_users(Frame)],
    Own = own_frames(Module, Selector, Frames),
    Places = shortened(distinct([place(Frame) || Frame <- Frames])),
    Missing = [test_place(Module, Selector) || Own =:= []],
    Text = [Prefix, message(Caught), [["\n  at ", Place] || Place <- Places ++ Missing]],
    {text(Text), first_line(Own, Module, Frames)}.

text(Characters) ->
    case unicode:characters_to_binary(Characters) of
        Text when is_binary(Text) -> Text;
        %% A message may hold bytes that are no text.
        _ -> unicode:characters_to_binary(io_lib:format("~0tp", [Characters]))
    end.

%% ---- the message ---------------------------------------------------------------------------------------------

message({error, #{kind := _, message := Message}, _}) -> Message;
message({error, undef, Stack}) ->
    case beamtalk_error:from_erlang(error, undef, Stack) of
        #{kind := class_not_found, message := Message} -> Message;
        _ -> translated(undef)
    end;
message({error, Reason, _}) -> translated(Reason);
message({Class, Reason, _}) -> [atom_to_binary(Class), ": ", value(Reason)].

translated(badarg) -> "bad argument";
translated(badarith) -> "bad arithmetic operation";
translated({badkey, Key}) -> ["key ", value(Key), " not found in dictionary"];
translated({badmap, Value}) -> [value(Value), " is not a map"];
translated({badmatch, Value}) -> ["no match of right-hand side value ", value(Value)];
translated({case_clause, Value}) -> ["no case clause matched ", value(Value)];
translated(function_clause) -> "no matching function clause";
translated(if_clause) -> "no true branch in conditional";
translated({badarity, {Fun, Args}}) when is_function(Fun), is_list(Args) ->
    {arity, Arity} = erlang:fun_info(Fun, arity),
    Expected = [integer_to_binary(Arity), case Arity of 1 -> " argument"; _ -> " arguments" end],
    ["function expects ", Expected, " but was called with ", integer_to_binary(length(Args))];
translated({badfun, Value}) -> [value(Value), " is not a function"];
translated(undef) -> "undefined function";
translated(noproc) -> "no such process or port";
translated({noproc, _}) -> "no such process or port";
translated(timeout) -> "operation timed out";
translated({timeout, _}) -> "operation timed out";
translated(Reason) -> value(Reason).

value(Value) ->
    beamtalk_error:text(Value).

%% ---- places --------------------------------------------------------------------------------------------------

%% The failure of an actor brings its own stack.
stack({error, #{kind := _, stackTrace := [_ | _] = Stack}, _}) -> Stack;
stack({_, _, Stack}) -> Stack.

%% Without the assertions themselves, which are where every failure comes from.
is_users(#{receiverClass := nil}) -> false;
is_users(#{moduleName := <<"bt@stdlib@TestCase">>}) -> false;
is_users(#{line := nil}) -> false;
is_users(_) -> true.

own_frames(Module, Selector, Frames) ->
    Names = [atom_to_binary(Each) || Each <- beamtalk_registry:chain(Module)],
    [Frame || #{method := Method, moduleName := Name} = Frame <- Frames, Method =:= Selector, lists:member(Name, Names)].

first_line([#{line := Line} | _], _, _) -> Line;
first_line([], Module, Frames) ->
    Name = atom_to_binary(Module),
    case [Line || #{moduleName := Each, line := Line} <- Frames, Each =:= Name] of
        [Line | _] -> Line;
        [] -> nil
    end.

place(#{receiverClass := Class, method := Method, file := File, line := Line}) ->
    [atom_to_binary(Class), ">>", atom_to_binary(Method), " (", file(Class, File), ":", integer_to_binary(Line), ")"].

%% Sources have their path below the working folder; the library's have none that means anything here.
file(Class, nil) -> [atom_to_binary(Class), ".bt"];
file(_, File) ->
    {ok, Folder} = file:get_cwd(),
    case string:prefix(File, [Folder, "/"]) of
        nomatch -> File;
        Below -> Below
    end.

test_place(Module, Selector) ->
    [atom_to_binary(beamtalk_registry:class_name(Module)), ">>", atom_to_binary(Selector)].

%% A block in a method, and the method, are one place where they are on one line.
distinct([Place, Place | Rest]) -> distinct([Place | Rest]);
distinct([Place | Rest]) -> [Place | distinct(Rest)];
distinct([]) -> [].

%% The innermost ones and the outermost.
shortened(Places) when length(Places) =< ?MOST_PLACES -> Places;
shortened(Places) -> lists:sublist(Places, ?MOST_PLACES - 1) ++ [lists:last(Places)].
