%%% Refuses `new' where objects are made another way, and says which.
-module(beamtalk_instantiation).

-export([literal/2, named/2, metaclass/1]).

%% Classes whose instances are written down or come out of other objects.
-spec literal({'$class', module()}, atom()) -> no_return().
literal({'$class', Module}, Selector) ->
    Name = beamtalk_registry:class_name(Module),
    beamtalk_error:raise(instantiation_error, Name, Selector, literal_hint(Name)).

literal_hint('Integer') -> <<"Write it down: 42">>;
literal_hint('Float') -> <<"Write it down: 3.14">>;
literal_hint('Character') -> <<"Write it down, $a, or use Character value:">>;
literal_hint('String') -> <<"Write it down: \"text\"">>;
literal_hint('Symbol') -> <<"Write it down, #name, or use asAtom">>;
literal_hint('Block') -> <<"Write it down: [:x | x + 1]">>;
literal_hint('True') -> <<"Use true">>;
literal_hint('False') -> <<"Use false">>;
literal_hint('UndefinedObject') -> <<"Use nil">>;
literal_hint('CompiledMethod') -> <<"Ask a class: Integer >> #isEven">>;
literal_hint(_) -> <<"Instances come out of other objects.">>.

%% Classes with constructors of their own names. `new' cannot make them, and `new:' names the way. A queue has but `new'.
-spec named({'$class', module()}, atom()) -> no_return().
named({'$class', Module}, Selector) when Selector =:= new; Module =:= 'bt@stdlib@Queue' ->
    Name = beamtalk_registry:class_name(Module),
    beamtalk_error:raise(instantiation_error, Name, Selector, constructors(Name));
named({'$class', Module}, Selector) ->
    Name = beamtalk_registry:class_name(Module),
    beamtalk_error:raise_message('bt@stdlib@Error', user_error, constructors(Name), Name, Selector, nil).

constructors('Regex') -> <<"Use Regex from: or Regex from:options:">>;
constructors('Stream') -> <<"Use Stream from:, Stream from:by: or Stream on:">>;
constructors('DateTime') -> <<"Use DateTime now, DateTime year:month:day: or DateTime fromString:">>;
constructors('Duration') -> <<"Use Duration seconds:, Duration milliseconds: or Duration fromString:">>;
constructors('Random') -> <<"Use Random new or Random seed:">>;
constructors('Uuid') -> <<"Use one of: Uuid v4, Uuid v7, Uuid fromString:">>;
constructors('Queue') -> <<"Use Queue new">>;
constructors(_) -> <<"Use one of the class's own constructors">>.

-spec metaclass({'$class', module()}) -> no_return().
metaclass(_) ->
    beamtalk_error:raise_message(
        'bt@stdlib@Error',
        user_error,
        <<"Cannot call 'new' on Metaclass">>,
        'Metaclass',
        new,
        <<"Use x class class to obtain a metaclass">>
    ).
