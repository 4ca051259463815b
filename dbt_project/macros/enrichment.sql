{#
    What is asked of a text, by question: what the answer is for, and the answers there are, each with the words that speak
    for it. With the variable cortex_enabled a model of Snowflake's chooses among the answers; without it the first whose
    words stand in the text is taken, and the last where none do. The labels are in both cases the same.
#}
{% macro enrichment_questions() %}
    {{ return({
        'ticket_category': {
            'task': 'What is this request to a software company about?',
            'answers': [
                ['Billing', 'invoice|billing|payment|charge|refund|rechnung|zahlung|factur|credit card'],
                ['Access', 'log ?in|password|sign ?in|sso|permission|locked|anmeld|passwort|connexion'],
                ['Defect', 'error|bug|crash|fail|broken|does not work|not working|fehler|erreur|outage|down'],
                ['Integration', 'api|webhook|integration|sync|import|export|connector|schnittstelle'],
                ['Feature request', 'feature|would like|wish|could you add|roadmap|wunsch'],
                ['Question', ''],
            ],
        },
        'ticket_priority': {
            'task': 'How urgent is this request for the customer?',
            'answers': [
                ['URGENT', 'outage|down|data loss|security|breach|urgent|asap|immediately|dringend'],
                ['HIGH', 'error|crash|fail|cannot|locked|blocked|deadline|fehler'],
                ['LOW', 'feature|wish|question|how do|how to|documentation|newsletter'],
                ['MEDIUM', ''],
            ],
        },
        'industry': {
            'task': 'Which industry is a company in that describes it so?',
            'answers': [
                ['COMPUTER_SOFTWARE', 'tech|software|saas| it |informati'],
                ['MACHINERY', 'maschinen|machin|engineering'],
                ['HOSPITAL_HEALTH_CARE', 'health|medic|hospital|pharma|life science|gesundheit'],
                ['BANKING', 'bank|financ|insur|versicher'],
                ['RETAIL', 'retail|shop|commerce|handel'],
                ['EDUCATION_MANAGEMENT', 'educat|school|universit|bildung'],
                ['Other', ''],
            ],
        },
        'job_seniority': {
            'task': 'How senior is a person with this job title?',
            'answers': [
                ['Executive', 'chief|ceo|cfo|cto|coo|cio|president|founder|owner|geschäftsführ|vorstand|pdg'],
                ['Director', 'vice|vp|svp|director|head of|leiter|directeur'],
                ['Manager', 'manager|lead|supervisor|teamleit|responsable'],
                ['Junior', 'junior|intern|trainee|assistant|apprentice|praktik|stagiaire'],
                ['Professional', ''],
            ],
        },
        'language': {
            'task': 'In which language is this text?',
            'answers': [
                ['German', ' der | die | das | und | nicht | ist | wir |ü|ß'],
                ['French', ' le | la | les | des | est | nous | vous |ç|è'],
                ['Spanish', ' el | los | las | para | está | nuestro |ñ|¿'],
                ['English', ''],
            ],
        },
    }) }}
{% endmacro %}


{# The labels of a question as SQL: an array. #}
{% macro enrichment_labels(question) -%}
    array_construct('{{ enrichment_questions()[question].answers | map(attribute=0) | join("', '") }}')
{%- endmacro %}


{# The answer to a question about a text, by the model or by the rules. #}
{% macro enrichment_answer(question, input) -%}
    {%- if var('cortex_enabled', false) -%}
    ai_classify(
        {{ input }},
        {{ enrichment_labels(question) }},
        object_construct('task_description', '{{ enrichment_questions()[question].task }}')
    ):labels[0]::varchar
    {%- else -%}
    case
        {%- for label, words in enrichment_questions()[question].answers if words %}
        when regexp_like(' ' || lower({{ input }}) || ' ', '.*({{ words }}).*') then '{{ label }}'
        {%- endfor %}
        else '{{ enrichment_questions()[question].answers[-1][0] }}'
    end
    {%- endif -%}
{%- endmacro %}
