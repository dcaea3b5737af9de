%%% Classes made of values and blocks: what `ClassBuilder register' does, and what the methods of such classes call.
%%%
%%% A built class is compiled like any other, from a text written here: the compiler knows it, so sources can subclass and
%%% patch it. Its methods call `ClassBuilder run:of:with:', which finds the block among the notes of the class's version.
%%% Blocks and defaults of the version before are forgotten when the next one is loaded.
-module(beamtalk_class_builder).

-export([register/1, run/3, default/2, slot/2, set_slot/3, home/0, super_send/4]).

%% Key in the process dictionary: the version of the built class whose method begins.
-define(HOME, '$beamtalk_home').

-type parts() :: #{atom() => term()}.

%% The class that the parts describe.
-spec register(parts()) -> beamtalk_class:class().
register(Parts) ->
    Name = checked_name(maps:get(name, Parts, nil)),
    Super = checked_superclass(maps:get(superclass, Parts, 'Object')),
    Blocks = blocks(Name, Parts),
    Version = erlang:unique_integer([positive]),
    note(Name, Version, Blocks, Parts),
    case beamtalk_host:call({define, text(Name, Super, Version, Parts)}) of
        {ok, _} ->
            {ok, Module} = beamtalk_registry:find(atom_to_binary(Name)),
            adopt(Module, Version, Parts),
            {'$class', Module};
        {error, #{kind := Kind, message := Message} = Error} ->
            beamtalk_registry:forget_notes(Version),
            raise(binary_to_atom(Kind), Message, maps:get(hint, Error, nil));
        no_host ->
            beamtalk_registry:forget_notes(Version),
            Hint = <<"This node runs without a compiler.">>,
            beamtalk_error:raise(no_compiler, 'ClassBuilder', register, Hint)
    end.

%% Runs the block of a method; the receiver is the first argument. A class method may write class variables.
-spec run(atom(), integer(), [term()]) -> term().
run(Function, Version, [Self | _] = Args) ->
    put(?HOME, Version),
    case beamtalk_registry:annotation(Version, {block, Function}) of
        {ok, {Block, plain}} -> apply(Block, Args);
        {ok, {Block, transaction}} -> beamtalk_class_state:transaction(Self, fun() -> apply(Block, Args) end);
        error -> raise(block_gone, <<"the block of this method is gone: its class was built again, or the node began anew">>, nil)
    end.

%% `self.name' in such a block.
-spec slot(term(), atom()) -> term().
slot({'$class', _} = Class, Name) -> beamtalk_class_state:get(Class, Name);
slot(Self, Name) -> beamtalk_object:field_at(Self, Name).

%% `self.name := value' in such a block.
-spec set_slot(Value, term(), atom()) -> Value.
set_slot(Value, {'$class', _} = Class, Name) -> beamtalk_class_state:put(Class, Name, Value);
set_slot(Value, Self, Name) -> beamtalk_object:field_at_put(Self, Name, Value).

%% The class that the running block is a method of, by version. A block that uses `super' asks as the first thing it does.
-spec home() -> integer() | undefined.
home() ->
    erase(?HOME).

%% `super selector' in such a block, or in a block inside it.
-spec super_send(term(), integer() | undefined, atom(), [term()]) -> term().
super_send(Self, Version, Selector, Args) ->
    case Version =/= undefined andalso beamtalk_registry:annotation(Version, name) of
        {ok, Name} ->
            {ok, Module} = beamtalk_registry:find(Name),
            Function =
                case Self of
                    {'$class', _} -> beamtalk_dispatch:class_function(Selector);
                    _ -> beamtalk_dispatch:instance_function(Selector)
                end,
            apply(beamtalk_registry:superclass(Module), Function, [Self | Args]);
        _ ->
            Text = <<"super can only be used inside a method body">>,
            raise_text(Selector, Text, <<"Give the block to a ClassBuilder as a method.">>)
    end.

-spec raise_text(atom(), binary(), binary()) -> no_return().
raise_text(Selector, Text, Hint) ->
    beamtalk_error:raise_message('bt@stdlib@RuntimeError', no_superclass, Text, nil, Selector, Hint).

-spec default(atom(), integer()) -> term().
default(Variable, Version) ->
    case beamtalk_registry:annotation(Version, {default, Variable}) of
        {ok, Value} -> Value;
        error -> nil
    end.

%% ---- checks --------------------------------------------------------------------------------------------------

checked_name(nil) ->
    missing_name(missing_parameter);
checked_name(Name) when is_atom(Name), not is_boolean(Name) ->
    Text = atom_to_binary(Name),
    case is_word(Text, "A-Z") of
        true -> unprotected(Name, beamtalk_registry:find(Text));
        false -> bad_name(<<"not a class name: ", Text/binary>>)
    end;
checked_name(_) ->
    missing_name(type_error).

-spec missing_name(atom()) -> no_return().
missing_name(Kind) ->
    beamtalk_error:raise(Kind, 'ClassBuilder', register, <<"className must be a Symbol (atom)">>).

unprotected(Name, {ok, Module}) ->
    case beamtalk_registry:package(Module) of
        <<"stdlib">> ->
            Hint = <<"Choose a different class name. Stdlib class names are protected.">>,
            beamtalk_error:raise(stdlib_shadowing, Name, register, Hint);
        _ ->
            Name
    end;
unprotected(Name, error) ->
    Name.

-spec bad_name(binary()) -> no_return().
bad_name(Hint) ->
    beamtalk_error:raise(type_error, 'ClassBuilder', register, Hint).

checked_superclass({'$class', Module}) ->
    case lists:member(sealed, beamtalk_registry:info(Module, modifiers, [])) of
        false ->
            Module;
        true ->
            Name = atom_to_binary(beamtalk_registry:class_name(Module)),
            Hint = <<"cannot subclass sealed class '", Name/binary, "'">>,
            beamtalk_error:raise(instantiation_error, 'ClassBuilder', 'superclass:', Hint)
    end;
checked_superclass(Name) when is_atom(Name) ->
    case beamtalk_registry:find(atom_to_binary(Name)) of
        {ok, Module} -> checked_superclass({'$class', Module});
        error -> beamtalk_error:class_not_found(atom_to_binary(Name))
    end;
checked_superclass(_) ->
    beamtalk_error:raise(type_error, 'ClassBuilder', 'superclass:', <<"The superclass must be a class or its name">>).

is_word(Text, First) ->
    re:run(Text, ["^[", First, "][A-Za-z0-9_]{0,200}$"], [{capture, none}]) =:= match.

%% Functions and their blocks, each of which takes the receiver and the method's arguments.
blocks(Name, Parts) ->
    Sides = [{methods, fun(Selector) -> Selector end}, {classMethods, fun beamtalk_dispatch:class_function/1}],
    [
        {Function(Selector), checked_block(Name, Selector, Block), Part}
     || {Part, Function} <- Sides, {Selector, Block} <- pairs(Part, Parts)
    ].

checked_block(Name, Selector, Block) when is_function(Block), is_atom(Selector) ->
    case beamtalk_dispatch:selector_arity(Selector) of
        -1 -> not_a_method(Selector);
        Count when is_function(Block, Count + 1) -> Block;
        _ -> beamtalk_error:raise(arity_mismatch, Name, Selector, <<"The block's first parameter is the receiver">>)
    end;
checked_block(_, Selector, _) ->
    not_a_method(Selector).

-spec not_a_method(term()) -> no_return().
not_a_method(Selector) ->
    bad_name(<<"not a method: ", (beamtalk_display:short(Selector))/binary>>).

%% ---- notes ---------------------------------------------------------------------------------------------------

note(Name, Version, Blocks, Parts) ->
    beamtalk_registry:annotate(Version, name, atom_to_binary(Name)),
    Writes = case docs(classVars, Parts) =/= #{} of true -> transaction; false -> plain end,
    [
        beamtalk_registry:annotate(Version, {block, Function}, {Block, Mode})
     || {Function, Block, Side} <- Blocks, Mode <- [case Side of methods -> plain; classMethods -> Writes end]
    ],
    Defaults =
        pairs(fields, Parts) ++
            [{beamtalk_dispatch:class_function(Variable), Value} || {Variable, Value} <- pairs(classVars, Parts)],
    [beamtalk_registry:annotate(Version, {default, Variable}, Value) || {Variable, Value} <- Defaults],
    ok.

%% The class is loaded: its notes become those of its module.
adopt(Module, Version, Parts) ->
    _ =
        case beamtalk_registry:annotation(Module, built) of
            {ok, Old} -> beamtalk_registry:forget_notes(Old);
            error -> ok
        end,
    beamtalk_registry:forget_notes(Module),
    beamtalk_registry:annotate(Module, built, Version),
    [
        beamtalk_registry:annotate(Module, {What, Side, Selector}, Text)
     || {Part, What, Side} <- [
            {methodSource, source, '$class'},
            {classMethodSource, source, '$metaclass'},
            {methodSignatures, signature, '$class'},
            {classMethodSignatures, signature, '$metaclass'}
        ],
        {Selector, Text} <- pairs(Part, Parts),
        is_binary(Text)
    ],
    ok.

%% ---- the text ------------------------------------------------------------------------------------------------

text(Name, Super, Version, Parts) ->
    Kind = beamtalk_registry:info(Super, kind, object),
    Keyword = case Kind of actor -> "state"; _ -> "field" end,
    unicode:characters_to_binary([
        documentation("", maps:get(classDoc, Parts, nil)),
        [[atom_to_binary(Modifier), " "] || {Modifier, true} <- pairs(modifiers, Parts), checked_modifier(Modifier)],
        [atom_to_binary(beamtalk_registry:class_name(Super)), " subclass: ", atom_to_binary(Name)],
        native(maps:get(native, Parts, nil)),
        "\n",
        [variable(Keyword, Field, "", Version) || Field <- fields(Parts)],
        [variable("classState", Variable, "class ", Version) || {Variable, _} <- pairs(classVars, Parts)],
        constructors(Kind, Super, Parts),
        [method("", Selector, Version, docs(methodDocs, Parts)) || {Selector, _} <- pairs(methods, Parts)],
        [method("class ", Selector, Version, docs(classMethodDocs, Parts)) || {Selector, _} <- pairs(classMethods, Parts)]
    ]).

%% Those added one by one in that order, then the rest by name.
fields(Parts) ->
    Fields = docs(fields, Parts),
    Added = [Field || Field <- maps:get(fieldOrder, Parts, []), is_map_key(Field, Fields)],
    Added ++ (lists:sort(maps:keys(Fields)) -- Added).

pairs(Part, Parts) ->
    lists:sort(maps:to_list(maps:get(Part, Parts, #{}))).

docs(Part, Parts) ->
    maps:get(Part, Parts, #{}).

checked_modifier(Modifier) ->
    lists:member(Modifier, [abstract, sealed, typed, internal]) orelse
        bad_name(<<"not a modifier: ", (beamtalk_display:short(Modifier))/binary>>).

native(nil) -> "";
native(Module) -> [" native: ", checked_word(Module)].

variable(Keyword, Name, Side, Version) ->
    Word = checked_word(Name),
    io_lib:format("  ~s: ~ts = ClassBuilder default: #'~s~ts' of: ~b~n", [Keyword, Word, Side, Word, Version]).

checked_word(Name) ->
    Text = case is_atom(Name) of true -> atom_to_binary(Name); false -> <<>> end,
    case is_word(Text, "a-z_") of
        true -> Text;
        false -> bad_name(<<"not a name: ", (beamtalk_display:short(Name))/binary>>)
    end.

%% Where `new' makes no instances by itself: below Object, but neither exceptions nor supervisors.
constructors(object, Super, Parts) ->
    Plain = not lists:any(fun(Other) -> beamtalk_registry:inherits(Super, Other) end, [
        'bt@stdlib@Exception', 'bt@stdlib@Supervisor', 'bt@stdlib@DynamicSupervisor'
    ]),
    Wanted = maps:get(isConstructible, Parts, Plain),
    Own = docs(classMethods, Parts),
    [
        ["  class ", Head, " => ClassBuilder instanceOf: self with: ", Fields, "\n"]
     || Wanted =:= true,
        {Selector, Head, Fields} <- [{new, "new", "#{}"}, {'new:', "new: fields", "fields"}],
        not is_map_key(Selector, Own)
    ];
constructors(_, _, _) ->
    [].

method(Side, Selector, Version, Docs) ->
    {Head, Arguments} = head(atom_to_binary(Selector), beamtalk_dispatch:selector_arity(Selector)),
    Function = [Side, atom_to_binary(Selector)],
    [
        documentation("  ", maps:get(Selector, Docs, nil)),
        ["  ", Side, Head, " => ClassBuilder run: #'", Function, "' of: ", integer_to_binary(Version)],
        [" with: #(", lists:join(", ", ["self" | Arguments]), ")\n"]
    ].

head(Selector, 0) ->
    {checked_word(binary_to_atom(Selector)), []};
head(Selector, Count) ->
    Arguments = [["a", integer_to_binary(N)] || N <- lists:seq(1, Count)],
    case binary:split(Selector, <<":">>, [global, trim]) of
        [Selector] ->
            {[Selector, " a1"], Arguments};
        Keywords ->
            Parts = [[checked_word(binary_to_atom(Keyword)), ": ", A] || {Keyword, A} <- lists:zip(Keywords, Arguments)],
            {lists:join(" ", Parts), Arguments}
    end.

documentation(Indentation, Text) when is_binary(Text) ->
    [[Indentation, "/// ", Line, "\n"] || Line <- binary:split(Text, <<"\n">>, [global])];
documentation(_, _) ->
    [].

-spec raise(atom(), binary(), binary() | nil) -> no_return().
raise(Kind, Message, Hint) ->
    beamtalk_error:raise_message(beamtalk_error:exception_module(Kind), Kind, Message, 'ClassBuilder', register, Hint).
