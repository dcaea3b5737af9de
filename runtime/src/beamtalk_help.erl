%%% Help texts: what `Beamtalk help:' and the prompt's `:help' show about classes, methods and Erlang modules.
-module(beamtalk_help).

-export([class/1, method/2, erlang_module/1, erlang_function/2]).

%% How many inherited selectors are named a superclass.
-define(SHOWN, 3).

%% ---- classes -------------------------------------------------------------------------------------------------

-spec class(term()) -> binary().
class(Wanted) ->
    {_, Module} = Class = class_of(Wanted),
    Own = sorted_methods(Class),
    ClassSide = class_side(Class),
    Parts = [
        heading(Class),
        flags(Module),
        paragraph(beamtalk_class:doc(Class)),
        section("Required methods:", [beamtalk_registry:info(Module, requires, []) || {'$class', _} <- [Class]]),
        section("Instance methods:", [Own || {'$class', _} <- [Class]]),
        section("Class methods:", [ClassSide]),
        [inherited(Super) || Super <- superclasses(Class)],
        "\nUse Beamtalk help: ClassName selector: #method for method details."
    ],
    unicode:characters_to_binary(Parts).

class_side({'$class', Module}) -> sorted_methods({'$metaclass', Module});
class_side(Metaclass) -> sorted_methods(Metaclass).

heading(Class) ->
    case beamtalk_class:superclass(Class) of
        nil -> ["== ", label(Class), " ==\n"];
        Super -> ["== ", label(Class), " < ", label(Super), " ==\n"]
    end.

flags(Module) ->
    case beamtalk_registry:info(Module, modifiers, []) of
        [] -> [];
        Modifiers -> [lists:join(" ", [["[", atom_to_binary(M), "]"] || M <- Modifiers]), "\n"]
    end.

paragraph(nil) -> "\n";
paragraph(Text) -> ["\n", Text, "\n\n"].

section(Title, Lists) ->
    case lists:append(Lists) of
        [] -> [];
        Selectors -> [Title, "\n", [["  ", atom_to_binary(S), "\n"] || S <- Selectors], "\n"]
    end.

inherited(Class) ->
    case sorted_methods(Class) of
        [] ->
            [];
        Selectors ->
            Count = length(Selectors),
            Names = lists:join(", ", [atom_to_binary(S) || S <- lists:sublist(Selectors, ?SHOWN)]),
            More = [[", ... (", integer_to_binary(Count - ?SHOWN), " more)"] || Count > ?SHOWN],
            ["Inherited from ", label(Class), " (", integer_to_binary(Count), " methods): ", Names, More, "\n"]
    end.

superclasses(Class) ->
    case beamtalk_class:superclass(Class) of
        nil -> [];
        Super -> [Super | superclasses(Super)]
    end.

sorted_methods(Class) ->
    lists:sort(beamtalk_class:methods(Class)).

label(Class) ->
    atom_to_binary(beamtalk_class:name(Class)).

%% ---- methods -------------------------------------------------------------------------------------------------

-spec method(term(), term()) -> binary().
method(Wanted, Selector) ->
    Class = class_of(Wanted),
    case definer(Class, Selector) of
        nil when element(1, Class) =:= '$class' ->
            Metaclass = {'$metaclass', element(2, Class)},
            case definer(Metaclass, Selector) of
                nil -> unknown(Class, Selector);
                _ -> method(Metaclass, Selector)
            end;
        nil ->
            unknown(Class, Selector);
        Definer ->
            Parts = [
                ["== ", label(Class), " >> ", atom_to_binary(Selector), " ==\n"],
                [["(inherited from ", label(Definer), ")\n"] || Definer =/= Class],
                ["[sealed]\n" || is_sealed(Definer, Selector)],
                ["  ", signature(Definer, Selector), "\n"],
                documentation(beamtalk_class:doc_for_method(Definer, Selector))
            ],
            string:trim(unicode:characters_to_binary(Parts), trailing)
    end.

-spec unknown(beamtalk_class:class(), term()) -> no_return().
unknown(Class, Selector) ->
    Hint = <<"Use Beamtalk help: ", (label(Class))/binary, " to see available methods.">>,
    beamtalk_error:raise(does_not_understand, beamtalk_class:name(Class), selector_name(Selector), Hint).

documentation(nil) -> [];
documentation(Text) -> ["\n", Text].

selector_name(Selector) when is_atom(Selector) -> Selector;
selector_name(_) -> 'help:selector:'.

definer(nil, _) ->
    nil;
definer(Class, Selector) ->
    case lists:member(Selector, beamtalk_class:methods(Class)) orelse beamtalk_class:requirement(Class, Selector) =/= error of
        true -> Class;
        false -> definer(beamtalk_class:superclass(Class), Selector)
    end.

is_sealed({Side, Module}, Selector) ->
    Item =
        case Side of
            '$class' -> methods;
            '$metaclass' -> class_methods
        end,
    case lists:keyfind(Selector, 1, beamtalk_registry:info(Module, Item, [])) of
        {_, _, Flags, _, _} -> lists:member(sealed, Flags);
        false -> false
    end.

%% The head as it was written; where the source is not at hand, the selector with a place for each argument.
signature({Side, Module} = Class, Selector) ->
    case beamtalk_registry:annotation(Module, {signature, Side, Selector}) of
        {ok, Text} -> Text;
        error -> written_signature(Class, Selector)
    end.

written_signature(Class, Selector) ->
    case beamtalk_class:requirement(Class, Selector) of
        {ok, Signature, _} ->
            Signature;
        error ->
            #{source := Source} = beamtalk_class:compiled_method(Class, Selector),
            case head(Source) of
                <<>> -> bare_signature(atom_to_binary(Selector), beamtalk_dispatch:selector_arity(Selector));
                Head -> Head
            end
    end.

%% The first line that is no comment, up to `=>'.
head(Source) ->
    Lines = [string:trim(Line) || Line <- binary:split(Source, <<"\n">>, [global])],
    case [Line || Line <- Lines, Line =/= <<>>, binary:match(Line, <<"//">>) =/= {0, 2}] of
        [First | _] -> string:trim(hd(binary:split(First, <<"=>">>)));
        [] -> <<>>
    end.

bare_signature(Selector, 0) ->
    Selector;
bare_signature(Selector, _) ->
    case binary:split(Selector, <<":">>, [global, trim]) of
        [Selector] -> [Selector, " argument"];
        Keywords -> lists:join(" ", [[Keyword, ": argument"] || Keyword <- Keywords])
    end.

class_of({Side, Module} = Class) when Side =:= '$class', is_atom(Module); Side =:= '$metaclass', is_atom(Module) -> Class;
class_of(Name) when is_atom(Name), Name =/= nil, not is_boolean(Name) -> class_named(atom_to_binary(Name));
class_of(Name) when is_binary(Name) -> class_named(Name);
class_of(_) ->
    Text = <<"Expected a class or symbol argument">>,
    beamtalk_error:raise_message('bt@stdlib@TypeError', type_error, Text, 'BeamtalkInterface', 'help:', nil).

%% `"Integer class"' names the class side.
class_named(Name) ->
    {Plain, Side} =
        case string:split(Name, <<" class">>, trailing) of
            [Class, <<>>] -> {Class, '$metaclass'};
            _ -> {Name, '$class'}
        end,
    case beamtalk_registry:find(Plain) of
        {ok, Module} ->
            {Side, Module};
        error ->
            Text = <<"Class '", Name/binary, "' not found.">>,
            Hint = <<"Use Beamtalk allClasses to see what there is.">>,
            beamtalk_error:raise_message('bt@stdlib@RuntimeError', class_not_found, Text, nil, 'help:', Hint)
    end.

%% ---- Erlang --------------------------------------------------------------------------------------------------

-spec erlang_module(term()) -> binary().
erlang_module(Name) ->
    Module = known_module(Name, 'erlangHelp:'),
    Functions = lists:sort(Module:module_info(exports)),
    Lines = [["  ", atom_to_binary(F), "/", integer_to_binary(A), "\n"] || {F, A} <- Functions, F =/= module_info],
    unicode:characters_to_binary(["== ", atom_to_binary(Module), " ==\n\n", Lines]).

-spec erlang_function(term(), term()) -> binary().
erlang_function(Name, Function) ->
    Module = known_module(Name, 'erlangHelp:selector:'),
    is_atom(Function) orelse
        beamtalk_error:raise(type_error, 'BeamtalkInterface', 'erlangHelp:selector:', <<"The function's name must be a Symbol">>),
    case [Arity || {F, Arity} <- lists:sort(Module:module_info(exports)), F =:= Function] of
        [] ->
            Text = unicode:characters_to_binary([atom_to_binary(Module), ":", atom_to_binary(Function), " not found"]),
            not_found(Text, 'erlangHelp:selector:');
        Arities ->
            Head = [atom_to_binary(Module), ":", atom_to_binary(Function)],
            unicode:characters_to_binary([
                ["== ", Head, " ==\n"],
                [["  ", Head, "/", integer_to_binary(Arity), "\n"] || Arity <- Arities],
                function_doc(Module, Function)
            ])
    end.

%% EEP-48 documentation in Markdown; OTP before 27 has it as terms that only the shell renders.
function_doc(Module, Function) ->
    case code:get_doc(Module) of
        {ok, {docs_v1, _, _, <<"text/markdown">>, _, _, Docs}} ->
            [["\n", Text] || {{function, F, _}, _, _, #{<<"en">> := Text}, _} <- Docs, F =:= Function];
        _ ->
            []
    end.

known_module(Name, Selector) when is_binary(Name) ->
    case is_plain(Name) andalso code:where_is_file(unicode:characters_to_list(Name) ++ ".beam") of
        false -> no_module(Name, Selector);
        non_existing -> preloaded(Name, Selector);
        _ -> loaded(binary_to_atom(Name), Name, Selector)
    end;
known_module(Name, Selector) when is_atom(Name) ->
    known_module(atom_to_binary(Name), Selector);
known_module(_, Selector) ->
    beamtalk_error:raise(type_error, 'BeamtalkInterface', Selector, <<"The module's name must be a String">>).

%% A handful of modules is built into the VM.
preloaded(Name, Selector) ->
    case [Module || Module <- erlang:pre_loaded(), atom_to_binary(Module) =:= Name] of
        [Module] -> Module;
        [] -> no_module(Name, Selector)
    end.

loaded(Module, Name, Selector) ->
    case code:ensure_loaded(Module) of
        {module, Module} -> Module;
        {error, _} -> no_module(Name, Selector)
    end.

is_plain(Name) ->
    re:run(Name, <<"^[A-Za-z0-9_@$]{1,200}$">>, [{capture, none}]) =:= match.

-spec no_module(binary(), atom()) -> no_return().
no_module(Name, Selector) ->
    not_found(<<"Erlang module '", Name/binary, "' not found">>, Selector).

-spec not_found(binary(), atom()) -> no_return().
not_found(Text, Selector) ->
    beamtalk_error:raise_message('bt@stdlib@RuntimeError', not_found, Text, 'BeamtalkInterface', Selector, nil).
