%%% Reads Erlang stack traces as Beamtalk sees them: classes, selectors, source lines. Never raises.
%%%
%%% A method is a function of a module `bt@<package>@<Class>'; a block of it is `-<function>/<arity>-fun-<n>-', the
%%% name that the VM's own tools use for funs.
-module(beamtalk_stack).

-export([innermost_method/1, innermost_method/2, stack_frames/1, lines/1]).

%% The first method on the stack: package, class name, selector.
-spec innermost_method([tuple()]) -> {binary(), atom(), atom()} | none.
innermost_method(Stack) ->
    innermost_method(Stack, fun(_) -> true end).

%% The first method of a module that the predicate accepts.
-spec innermost_method([tuple()], fun((module()) -> boolean())) -> {binary(), atom(), atom()} | none.
innermost_method([{Module, Function, _, _} | Rest], Accept) ->
    case class_module(Module) of
        {Package, ClassName} ->
            case Accept(Module) of
                true ->
                    {Selector, _, _} = method(Function, 0),
                    {Package, ClassName, Selector};
                false ->
                    innermost_method(Rest, Accept)
            end;
        none ->
            innermost_method(Rest, Accept)
    end;
innermost_method([_ | Rest], Accept) ->
    innermost_method(Rest, Accept);
innermost_method([], _) ->
    none.

%% StackFrame objects, innermost first, without the runtime's own frames. The first is the send that failed in the
%% program: what the library and OTP did below it is left out, unless there is nothing else.
-spec stack_frames([tuple()]) -> [map()].
stack_frames(Stack) ->
    Frames = [Frame || {Module, _, _, _} = Frame <- Stack, not is_runtime(Module)],
    Shown =
        case lists:dropwhile(fun({Module, _, _, _}) -> is_library(Module) end, Frames) of
            [] -> Frames;
            Programs -> Programs
        end,
    [stack_frame(Frame) || Frame <- Shown].

%% The VM gives the arguments instead of their number for a function that does not exist or has no clause.
stack_frame({Module, Function, Given, Location}) ->
    Arity =
        case is_list(Given) of
            true -> length(Given);
            false -> Given
        end,
    {Method, Side, Arguments} = method(Function, Arity),
    {Class, Count} =
        case class_module(Module) of
            {_, Name} when Side =:= class ->
                {binary_to_atom(<<(atom_to_binary(Name))/binary, " class">>), max(0, Arguments - 1)};
            {_, Name} ->
                {Name, max(0, Arguments - 1)};
            none ->
                {nil, Arguments}
        end,
    #{
        '$class' => 'bt@stdlib@StackFrame',
        method => Method,
        receiverClass => Class,
        arguments => Count,
        moduleName => atom_to_binary(Module),
        file => file(Location),
        line => line(Location)
    }.

%% One line of text a frame, for the host.
-spec lines([tuple()]) -> [binary()].
lines(Stack) ->
    [frame_line(Frame) || Frame <- stack_frames(Stack)].

frame_line(#{method := Method, receiverClass := Class, arguments := Count, file := File, line := Line}) ->
    ClassText = case Class of nil -> <<"?">>; _ -> atom_to_binary(Class) end,
    Place =
        case {File, Line} of
            {nil, _} -> [];
            {_, nil} -> [" (", File, ")"];
            _ -> [" (", File, ":", integer_to_binary(Line), ")"]
        end,
    unicode:characters_to_binary([ClassText, ">>", atom_to_binary(Method), "/", integer_to_binary(Count), Place]).

%% Selector, side and arity of a function; of the home method for a block.
method(Function, Arity) ->
    case atom_to_binary(Function) of
        <<"-", Rest/binary>> = Text when byte_size(Rest) > 0 ->
            case block_home(Rest) of
                {Home, HomeArity} -> side(Home, HomeArity);
                none -> side(Text, Arity)
            end;
        Text ->
            side(Text, Arity)
    end.

side(<<"class ", Selector/binary>>, Arity) -> {binary_to_atom(Selector), class, Arity};
side(<<"$module_info">>, Arity) -> {module_info, instance, Arity};
side(Text, Arity) -> {binary_to_atom(Text), instance, Arity}.

block_home(Text) ->
    case re:run(Text, <<"^(.+)/([0-9]+)-[a-z]+-[0-9]+-$">>, [{capture, all_but_first, binary}]) of
        {match, [Home, Arity]} -> {Home, binary_to_integer(Arity)};
        nomatch -> none
    end.

class_module(Module) ->
    case binary:split(atom_to_binary(Module), <<"@">>, [global]) of
        [<<"bt">>, <<"eval">>, _] -> none;
        [<<"bt">>, Package, Class] -> {Package, binary_to_atom(Class)};
        _ -> none
    end.

is_runtime(Module) ->
    case atom_to_binary(Module) of
        <<"beamtalk_", _/binary>> -> true;
        _ -> false
    end.

is_library(Module) ->
    case atom_to_binary(Module) of
        <<"bt@stdlib@", _/binary>> -> true;
        _ -> Module =:= math orelse code:is_sticky(Module)
    end.

file(Location) ->
    case lists:keyfind(file, 1, Location) of
        {file, File} -> unicode:characters_to_binary(File);
        false -> nil
    end.

line(Location) ->
    case lists:keyfind(line, 1, Location) of
        {line, Line} when Line > 0 -> Line;
        _ -> nil
    end.
