-- Stand-ins for Snowflake's Cortex functions, so that the models that use them can be executed and tested. They
-- know nothing of language: texts are alike when their letters are, and the answer to every prompt is the prompt.

create or replace macro ai_similarity(a, b, options := null) as
    case when a is null or b is null then null else jaro_winkler_similarity(lower(a), lower(b)) end;

-- The category most like the text; categories are texts or objects with a label.
create or replace macro _sf_labels(categories) as
    list_transform(
        cast(to_json(categories) as json[]),
        lambda category: coalesce(category ->> '$.label', category ->> '$')
    );
create or replace macro ai_classify(input, categories, options := null) as
    case when input is null then null
        else json_object(
            'labels',
            [
                list_reduce(
                    _sf_labels(categories),
                    lambda best, label:
                        case
                            when jaro_winkler_similarity(lower(input), lower(label))
                                > jaro_winkler_similarity(lower(input), lower(best)) then label
                            else best
                        end
                )
            ]
        )
    end;

create or replace macro ai_complete(model, prompt, model_parameters := null, response_format := null) as
    prompt::varchar;

create or replace macro ai_filter(prompt) as prompt is not null;
